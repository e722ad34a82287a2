"""The database: rows, their mapping to the domain, stores, migrations.

May import probes, suites and what lies below; alone imports SQLAlchemy and Alembic. Frozen objects
come out, never rows; sessions never leave.
"""
