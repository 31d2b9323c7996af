"""The arq worker: adapters that decode a job, open a transaction and call a service."""
