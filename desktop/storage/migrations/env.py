"""Alembic's entry: runs migrations on the connection that `storage/upgrade.py` hands over.

There is no alembic.ini: nothing here depends on where the program was started. To begin a new
migration, copy the newest file of versions/ and raise `rows.SCHEMA_VERSION`.
"""

from alembic import context

from desktop.storage.rows import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
