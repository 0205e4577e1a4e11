"""Questions to Postgres's catalogue. https://www.postgresql.org/docs/16/catalogs.html."""

from __future__ import annotations

_OWN = """n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
AND NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.objid = {a}.oid
    AND e.classid = '{catalogue}'::regclass AND e.deptype = 'e')"""
"""A user's own object: neither the system's nor an extension's."""

TABLES = f"""
SELECT c.oid, n.nspname AS schema, c.relname AS name, c.relkind AS kind,
    obj_description(c.oid, 'pg_class') AS comment, pg_get_partkeydef(c.oid) AS partitioned,
    c.relpersistence = 'u' AS unlogged
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
AND {_OWN.format(a="c", catalogue="pg_class")}
ORDER BY 2, 3"""  # noqa: S608 - of constants

COLUMNS = """
SELECT a.attrelid AS oid, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,
    format_type(b.oid, CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END) AS base,
    NOT a.attnotnull AS nullable, pg_get_expr(d.adbin, d.adrelid) AS expression,
    a.attgenerated AS generated, a.attidentity AS identity,
    col_description(a.attrelid, a.attnum) AS comment,
    CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END
        AS collation,
    (SELECT array_agg(e.enumlabel::text ORDER BY e.enumsortorder)
        FROM pg_enum e WHERE e.enumtypid = b.oid) AS labels,
    (SELECT s.objid FROM pg_depend s WHERE s.classid = 'pg_class'::regclass
        AND s.refclassid = 'pg_class'::regclass AND s.refobjid = a.attrelid
        AND s.refobjsubid = a.attnum AND s.deptype IN ('a', 'i')
        AND EXISTS (SELECT 1 FROM pg_sequence q WHERE q.seqrelid = s.objid) LIMIT 1) AS sequence
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
JOIN pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = ANY(%(oids)s) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum"""

_NAMES = """(SELECT array_agg(x.attname::text ORDER BY k.place)
    FROM unnest({numbers}) WITH ORDINALITY k(number, place)
    JOIN pg_attribute x ON x.attrelid = {table} AND x.attnum = k.number)"""

CONSTRAINTS = f"""
SELECT o.conrelid AS oid, o.conname AS name, o.contype AS kind,
    {_NAMES.format(numbers="o.conkey", table="o.conrelid")} AS columns,
    pg_get_constraintdef(o.oid) AS definition, obj_description(o.oid, 'pg_constraint') AS comment,
    n.nspname || '.' || f.relname AS other,
    {_NAMES.format(numbers="o.confkey", table="o.confrelid")} AS other_columns,
    o.confupdtype AS on_update, o.confdeltype AS on_delete
FROM pg_constraint o LEFT JOIN pg_class f ON f.oid = NULLIF(o.confrelid, 0)
LEFT JOIN pg_namespace n ON n.oid = f.relnamespace
WHERE o.conrelid = ANY(%(oids)s) AND o.contype IN ('p', 'u', 'c', 'x', 'f')
ORDER BY o.conrelid, o.contype, o.conname"""  # noqa: S608 - of constants

INDEXES = f"""
SELECT i.indrelid AS oid, c.relname AS name, i.indisunique AS is_unique,
    {_NAMES.format(numbers="i.indkey::int2[]", table="i.indrelid")} AS columns,
    pg_get_indexdef(i.indexrelid) AS definition, obj_description(c.oid, 'pg_class') AS comment
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid = ANY(%(oids)s)
    AND NOT EXISTS (SELECT 1 FROM pg_constraint o WHERE o.conindid = i.indexrelid
        AND o.contype IN ('p', 'u', 'x'))
ORDER BY i.indrelid, c.relname"""  # noqa: S608 - of constants

SEQUENCES = f"""
SELECT c.oid, n.nspname || '.' || c.relname AS name, n.nspname AS schema, c.relname AS own_name,
    format_type(s.seqtypid, NULL) AS type, s.seqstart AS start, s.seqincrement AS step,
    s.seqmin AS least, s.seqmax AS greatest, s.seqcycle AS cycles,
    has_sequence_privilege(c.oid, 'SELECT') AS readable,
    (SELECT max(d.refobjid) FROM pg_depend d WHERE d.objid = c.oid
        AND d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
        AND d.deptype IN ('a', 'i')) AS owner
FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE {_OWN.format(a="c", catalogue="pg_class")} ORDER BY 2"""  # noqa: S608

TYPES = f"""
SELECT format_type(t.oid, NULL) AS name, t.typtype AS kind,
    (SELECT array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_enum e
        WHERE e.enumtypid = t.oid) AS labels,
    CASE t.typtype WHEN 'd' THEN format_type(t.typbasetype, t.typtypmod) END AS base,
    NOT t.typnotnull AS nullable, t.typdefault AS default_value,
    CASE WHEN t.typtype = 'd' AND t.typcollation <> b.typcollation
        THEN t.typcollation::regcollation::text END AS collation,
    (SELECT json_object_agg(o.conname, pg_get_constraintdef(o.oid) ORDER BY o.conname)
        FROM pg_constraint o WHERE o.contypid = t.oid) AS checks,
    (SELECT json_agg(json_build_array(a.attname, format_type(a.atttypid, a.atttypmod))
        ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0
        AND NOT a.attisdropped) AS fields
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
LEFT JOIN pg_type b ON b.oid = t.typbasetype LEFT JOIN pg_class c ON c.oid = t.typrelid
WHERE (t.typtype IN ('e', 'd') OR (t.typtype = 'c' AND c.relkind = 'c'))
    AND {_OWN.format(a="t", catalogue="pg_type")} ORDER BY 1"""  # noqa: S608 - of constants

LEFT_OUT = f"""
SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
    ELSE 'foreign table' END AS kind, n.nspname || '.' || c.relname AS name
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('v', 'm', 'f') AND {_OWN.format(a="c", catalogue="pg_class")}
UNION ALL SELECT 'partition', n.nspname || '.' || c.relname
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND c.relispartition AND {_OWN.format(a="c", catalogue="pg_class")}
UNION ALL SELECT 'trigger', n.nspname || '.' || c.relname || '.' || t.tgname
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND {_OWN.format(a="t", catalogue="pg_trigger")}
UNION ALL SELECT CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate'
    ELSE 'function' END, n.nspname || '.' || p.proname
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE {_OWN.format(a="p", catalogue="pg_proc")}
UNION ALL SELECT 'rule', n.nspname || '.' || c.relname || '.' || r.rulename
FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE r.rulename <> '_RETURN' AND {_OWN.format(a="r", catalogue="pg_rewrite")}
UNION ALL SELECT 'policy', n.nspname || '.' || c.relname || '.' || y.polname
FROM pg_policy y JOIN pg_class c ON c.oid = y.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
ORDER BY 1, 2"""  # noqa: S608 - of constants
