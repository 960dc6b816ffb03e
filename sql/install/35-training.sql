/*
 * Training on encrypted rows.
 */
CREATE TYPE ppdl_train_state;
CREATE FUNCTION ppdl_train_state_in(cstring) RETURNS ppdl_train_state
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION ppdl_train_state_out(ppdl_train_state) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION ppdl_train_state_recv(internal) RETURNS ppdl_train_state
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION ppdl_train_state_send(ppdl_train_state) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE TYPE ppdl_train_state (
	INPUT = ppdl_train_state_in,
	OUTPUT = ppdl_train_state_out,
	RECEIVE = ppdl_train_state_recv,
	SEND = ppdl_train_state_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = external
);
COMMENT ON TYPE ppdl_train_state IS 'state of ppdl_train over lwe_cipher';
COMMENT ON FUNCTION ppdl_train_state_in(cstring) IS 'I/O';
COMMENT ON FUNCTION ppdl_train_state_out(ppdl_train_state) IS 'I/O';
COMMENT ON FUNCTION ppdl_train_state_recv(internal) IS 'I/O';
COMMENT ON FUNCTION ppdl_train_state_send(ppdl_train_state) IS 'I/O';
CREATE FUNCTION ppdl_train_combine(ppdl_train_state, ppdl_train_state) RETURNS ppdl_train_state
	AS 'MODULE_PATHNAME', 'ppdl_train_lwe_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION ppdl_train_combine(ppdl_train_state, ppdl_train_state) IS 'aggregate combine function';
CREATE FUNCTION ppdl_train_trans(ppdl_train_state, text, lwe_cipher, lwe_cipher) RETURNS ppdl_train_state
	AS 'MODULE_PATHNAME', 'ppdl_train_lwe_trans' LANGUAGE C STABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION ppdl_train_trans(ppdl_train_state, text, lwe_cipher, lwe_cipher) IS 'aggregate transition function';
CREATE FUNCTION ppdl_train_trans(ppdl_train_state, text, lwe_cipher, lwe_cipher, jsonb) RETURNS ppdl_train_state
	AS 'MODULE_PATHNAME', 'ppdl_train_lwe_trans' LANGUAGE C STABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION ppdl_train_trans(ppdl_train_state, text, lwe_cipher, lwe_cipher, jsonb) IS 'aggregate transition function';
CREATE FUNCTION ppdl_train_final(ppdl_train_state) RETURNS text
	AS 'MODULE_PATHNAME', 'ppdl_train_lwe_final' LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000000;
COMMENT ON FUNCTION ppdl_train_final(ppdl_train_state) IS 'aggregate final function';

CREATE AGGREGATE ppdl_train(model text, features lwe_cipher, label lwe_cipher) (
	SFUNC = ppdl_train_trans, STYPE = ppdl_train_state, SSPACE = 1000000,
	COMBINEFUNC = ppdl_train_combine,
	FINALFUNC = ppdl_train_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = UNSAFE
);
CREATE AGGREGATE ppdl_train(model text, features lwe_cipher, label lwe_cipher, options jsonb) (
	SFUNC = ppdl_train_trans, STYPE = ppdl_train_state, SSPACE = 1000000,
	COMBINEFUNC = ppdl_train_combine,
	FINALFUNC = ppdl_train_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = UNSAFE
);
COMMENT ON AGGREGATE ppdl_train(text, lwe_cipher, lwe_cipher) IS 'train a model on encrypted rows; stores a new version with encrypted weights and returns name@version; needs the owner''s keys published for training';
COMMENT ON AGGREGATE ppdl_train(text, lwe_cipher, lwe_cipher, jsonb) IS 'train a model on encrypted rows with options; stores a new version with encrypted weights and returns name@version; needs the owner''s keys published for training';

CREATE FUNCTION ppdl_train_resume(model text) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 1000000000;
COMMENT ON FUNCTION ppdl_train_resume(text) IS 'continue an interrupted training on encrypted rows from its last step, with the same result as without interruption; returns name@version';

CREATE FUNCTION ppdl_checkpoint_list(OUT model text, OUT role name, OUT steps_done int, OUT steps int,
	OUT seconds float8, OUT bytes bigint, OUT written timestamptz, OUT key_id text) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 1000 ROWS 10;
COMMENT ON FUNCTION ppdl_checkpoint_list() IS 'what ppdl_checkpoints shows';
CREATE VIEW ppdl_checkpoints AS
	SELECT model, role, steps_done, steps, seconds, bytes, written, key_id FROM ppdl_checkpoint_list();
COMMENT ON VIEW ppdl_checkpoints IS 'checkpoints of training on encrypted rows in this database: one''s own roles'', or for members of pg_monitor and superusers all';
GRANT SELECT ON ppdl_checkpoints TO PUBLIC;

-- for the aggregates only, which call them with their owner's rights
REVOKE EXECUTE ON FUNCTION ppdl_train_combine(ppdl_train_state, ppdl_train_state),
	ppdl_train_trans(ppdl_train_state, text, lwe_cipher, lwe_cipher),
	ppdl_train_trans(ppdl_train_state, text, lwe_cipher, lwe_cipher, jsonb),
	ppdl_train_final(ppdl_train_state) FROM PUBLIC;
