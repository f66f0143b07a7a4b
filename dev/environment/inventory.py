"""What a database holds, as sets of lines that can be compared."""

# What the database is built of.
SCHEMA = """
SELECT 'relation', relkind, relpersistence, relname FROM pg_class
 WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'm', 'S', 'i');
SELECT 'column', relname, attname, format_type(atttypid, atttypmod), attnotnull
  FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
 WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'm')
   AND attnum > 0 AND NOT attisdropped;
SELECT 'index', tablename, indexdef FROM pg_indexes WHERE schemaname = 'public';
SELECT 'constraint', conrelid::regclass, conname, pg_get_constraintdef(oid) FROM pg_constraint
 WHERE connamespace = 'public'::regnamespace;
SELECT 'function', proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace;
"""
# What Odoo knows of itself.
SELF = """
SELECT 'xml id', module, name FROM ir_model_data;
SELECT 'model', model FROM ir_model;
SELECT 'field', model, name FROM ir_model_fields;
SELECT 'choice', model, field.name, value FROM ir_model_fields_selection choice
  JOIN ir_model_fields field ON field.id = choice.field_id;
SELECT 'reflected constraint', name FROM ir_model_constraint;
SELECT 'reflected relation', name FROM ir_model_relation;
SELECT 'access', name FROM ir_model_access;
SELECT 'rule', name FROM ir_rule;
SELECT 'group', name ->> 'en_US' FROM res_groups;
SELECT 'implied group', gid, hid FROM res_groups_implied_rel;
SELECT 'view', name, key, model FROM ir_ui_view;
SELECT 'menu', name ->> 'en_US' FROM ir_ui_menu;
SELECT 'window action', name ->> 'en_US', res_model FROM ir_act_window;
SELECT 'server action', name ->> 'en_US', code FROM ir_act_server;
SELECT 'cron', cron_name, active FROM ir_cron;
SELECT 'asset', path FROM ir_asset;
SELECT 'default', field_id FROM ir_default;
SELECT 'template', name ->> 'en_US' FROM mail_template;
SELECT 'parameter', key FROM ir_config_parameter;
"""
# Written by whoever touches a row.
NOT_COMPARED = ("write_date", "write_uid")


def inventory(postgres, database):
    """Return what a database is built of and what Odoo knows of itself."""
    return _lines(postgres, database, SCHEMA + SELF)


def rows(postgres, database, tables, columns=None):
    """Return a line per row of some tables, and the columns that were compared.

    :param columns: those to compare, by table; those that are gone by now are left out
    """
    query = "SELECT table_name, column_name FROM information_schema.columns"
    present = [line.split("|") for line in _lines(postgres, database, query)]
    compared = {
        table: sorted(
            column
            for name, column in present
            if name == table
            and column not in NOT_COMPARED
            and (columns is None or column in columns[table])
        )
        for table in tables
    }
    queries = [
        f"SELECT '{table}', md5(ROW({', '.join(names)})::text)"
        + (", id" if "id" in names else "")
        + f" FROM {table};"
        for table, names in compared.items()
    ]
    return _lines(postgres, database, "".join(queries)), compared


def _lines(postgres, database, queries):
    return {
        line
        for query in queries.split(";")
        if query.strip()
        for line in postgres.psql(query, database).splitlines()
    }
