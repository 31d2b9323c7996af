"""Late changes of registrations: their owners ask, registrars approve or decline one by one."""
