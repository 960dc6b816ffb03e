/*
 * Whoever makes the extension need be no superuser (ppdl.control: trusted), and then owns none of its tables: it may
 * write to them and let others do so.  Never TRIGGER: foreign keys cascade with the rights of the tables' owner, a
 * superuser, and so would run its triggers.
 */
GRANT SELECT, INSERT, UPDATE, DELETE ON ppdl_keys, ppdl_key_parts, ppdl_writers, ppdl_models TO @extowner@ WITH GRANT OPTION;
GRANT EXECUTE ON FUNCTION ppdl_cache_clear(text), ppdl_cache_warm(text, text) TO @extowner@ WITH GRANT OPTION;
