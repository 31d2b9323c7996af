"""The Global Refugee Forum 2023, played through the HTTP API as frontends and scanners would, and read back.

Each step is one function in the module of its noun. It does something over a real socket, reads the result back by
another way, and says in one sentence what it found; `forum.demo.tour` has their order. Nothing here knows the database.
"""
