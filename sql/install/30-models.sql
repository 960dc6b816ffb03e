/*
 * Models: networks, their versions, training and prediction.
 */
CREATE TABLE ppdl_models (
	name text COLLATE "C" NOT NULL CHECK (name ~ '^[A-Za-z0-9_.-]{1,63}$'),
	version int NOT NULL CHECK (version > 0),
	spec jsonb NOT NULL,
	weights float8[],
	cipher lwe_cipher[],
	key_id text COLLATE "C",
	trained jsonb,
	created timestamptz NOT NULL DEFAULT now(),
	owner name NOT NULL DEFAULT current_user,
	is_default boolean NOT NULL DEFAULT false,
	comment text,
	PRIMARY KEY (name, version),
	CHECK (weights IS NULL OR cipher IS NULL),
	CHECK (cipher IS NULL OR key_id IS NOT NULL)
);
COMMENT ON TABLE ppdl_models IS 'neural networks, a version a row';
COMMENT ON COLUMN ppdl_models.name IS 'name of the model';
COMMENT ON COLUMN ppdl_models.version IS 'counts from 1; each training adds one';
COMMENT ON COLUMN ppdl_models.spec IS 'inputs, the encoding of their rows, input_scale, and the units and activation of each layer';
COMMENT ON COLUMN ppdl_models.weights IS 'plain weights, layer by layer: units x inputs row by row, then the biases; NULL while untrained or encrypted';
COMMENT ON COLUMN ppdl_models.cipher IS 'encrypted weights';
COMMENT ON COLUMN ppdl_models.key_id IS 'key of the encrypted weights';
COMMENT ON COLUMN ppdl_models.trained IS 'what a version was trained on: rows, skipped, steps, seconds, options';
COMMENT ON COLUMN ppdl_models.created IS 'when the version was stored';
COMMENT ON COLUMN ppdl_models.owner IS 'who stored it';
COMMENT ON COLUMN ppdl_models.is_default IS 'what the name alone means: the first version with weights, until ppdl_set_default_model says otherwise';
COMMENT ON COLUMN ppdl_models.comment IS 'for people';
CREATE UNIQUE INDEX ppdl_models_default ON ppdl_models (name) WHERE is_default;
SELECT pg_catalog.pg_extension_config_dump('ppdl_models', '');

CREATE FUNCTION ppdl_create_model(name text, spec jsonb, weights float8[] DEFAULT NULL) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000;
COMMENT ON FUNCTION ppdl_create_model(text, jsonb, float8[]) IS 'store a network as version 1 of a new model, untrained unless weights are given; returns name@version';
CREATE FUNCTION ppdl_drop_model(model text) RETURNS int
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 1000;
COMMENT ON FUNCTION ppdl_drop_model(text) IS 'remove a model, or one version of it (name@version); returns how many versions went';
CREATE FUNCTION ppdl_set_default_model(model text) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 1000;
COMMENT ON FUNCTION ppdl_set_default_model(text) IS 'make name@version what the name alone means; returns it';
CREATE FUNCTION ppdl_spec_levels(spec jsonb) RETURNS int
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION ppdl_spec_levels(jsonb) IS 'multiplicative levels that prediction with a network takes on encrypted rows';
CREATE FUNCTION ppdl_spec_text(spec jsonb) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION ppdl_spec_text(jsonb) IS 'a network in a line: inputs -> units activation -> ...';
CREATE VIEW ppdl_model_info WITH (security_invoker = true) AS
	SELECT m.name, m.version, m.is_default,
		   CASE WHEN m.weights IS NOT NULL THEN 'plain' WHEN m.cipher IS NOT NULL THEN 'encrypted' ELSE 'none' END AS weights,
		   m.key_id, m.spec OPERATOR(pg_catalog.->>) 'encoding' AS encoding, ppdl_spec_text(m.spec) AS network, ppdl_spec_levels(m.spec) AS levels,
		   (m.trained OPERATOR(pg_catalog.->>) 'rows')::bigint AS trained_rows, (m.trained OPERATOR(pg_catalog.->>) 'steps')::int AS trained_steps,
		   m.trained OPERATOR(pg_catalog.->) 'options' AS options, m.comment, m.owner, m.created
	FROM ppdl_models m;
COMMENT ON VIEW ppdl_model_info IS 'models and their versions: which one the name alone means, weights plain, encrypted or none, key and encoding of its rows, network, levels on encrypted rows, how trained; shows what one may read of ppdl_models';
GRANT SELECT ON ppdl_model_info TO PUBLIC;
CREATE FUNCTION ppdl_model_weights(model text) RETURNS float8[]
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION ppdl_model_weights(text) IS 'plain weights of a model, layer by layer: units x inputs row by row, then the biases';
CREATE FUNCTION ppdl_model_levels(model text, OUT needed int, OUT available int) RETURNS record
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION ppdl_model_levels(text) IS 'multiplicative levels that prediction on encrypted rows takes, and how many a full row has';
CREATE FUNCTION ppdl_model_pin(model text) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION ppdl_model_pin(text) IS 'name@version#checksum of a model (its default version, if none is named): to be given in place of the name, where it means these contents or is an error';

-- state of the aggregates over plain rows
CREATE TYPE ppdl_rows_state;
CREATE FUNCTION ppdl_rows_state_in(cstring) RETURNS ppdl_rows_state
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION ppdl_rows_state_out(ppdl_rows_state) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION ppdl_rows_state_recv(internal) RETURNS ppdl_rows_state
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION ppdl_rows_state_send(ppdl_rows_state) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE TYPE ppdl_rows_state (
	INPUT = ppdl_rows_state_in,
	OUTPUT = ppdl_rows_state_out,
	RECEIVE = ppdl_rows_state_recv,
	SEND = ppdl_rows_state_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = external
);
COMMENT ON TYPE ppdl_rows_state IS 'state of ppdl_train and ppdl_predict_agg over float8[]';
COMMENT ON FUNCTION ppdl_rows_state_in(cstring) IS 'I/O';
COMMENT ON FUNCTION ppdl_rows_state_out(ppdl_rows_state) IS 'I/O';
COMMENT ON FUNCTION ppdl_rows_state_recv(internal) IS 'I/O';
COMMENT ON FUNCTION ppdl_rows_state_send(ppdl_rows_state) IS 'I/O';
CREATE FUNCTION ppdl_rows_combine(ppdl_rows_state, ppdl_rows_state) RETURNS ppdl_rows_state
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION ppdl_rows_combine(ppdl_rows_state, ppdl_rows_state) IS 'aggregate combine function';

-- training on plain rows
CREATE FUNCTION ppdl_train_trans(ppdl_rows_state, text, float8[], float8) RETURNS ppdl_rows_state
	AS 'MODULE_PATHNAME', 'ppdl_train_float8_trans' LANGUAGE C STABLE PARALLEL SAFE COST 10;
CREATE FUNCTION ppdl_train_trans(ppdl_rows_state, text, float8[], float8, jsonb) RETURNS ppdl_rows_state
	AS 'MODULE_PATHNAME', 'ppdl_train_float8_trans' LANGUAGE C STABLE PARALLEL SAFE COST 10;
CREATE FUNCTION ppdl_train_trans(ppdl_rows_state, text, float8[], float8[]) RETURNS ppdl_rows_state
	AS 'MODULE_PATHNAME', 'ppdl_train_float8s_trans' LANGUAGE C STABLE PARALLEL SAFE COST 10;
CREATE FUNCTION ppdl_train_trans(ppdl_rows_state, text, float8[], float8[], jsonb) RETURNS ppdl_rows_state
	AS 'MODULE_PATHNAME', 'ppdl_train_float8s_trans' LANGUAGE C STABLE PARALLEL SAFE COST 10;
CREATE FUNCTION ppdl_train_final(ppdl_rows_state) RETURNS text
	AS 'MODULE_PATHNAME', 'ppdl_train_float8_final' LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000;
COMMENT ON FUNCTION ppdl_train_trans(ppdl_rows_state, text, float8[], float8) IS 'aggregate transition function';
COMMENT ON FUNCTION ppdl_train_trans(ppdl_rows_state, text, float8[], float8, jsonb) IS 'aggregate transition function';
COMMENT ON FUNCTION ppdl_train_trans(ppdl_rows_state, text, float8[], float8[]) IS 'aggregate transition function';
COMMENT ON FUNCTION ppdl_train_trans(ppdl_rows_state, text, float8[], float8[], jsonb) IS 'aggregate transition function';
COMMENT ON FUNCTION ppdl_train_final(ppdl_rows_state) IS 'aggregate final function';

CREATE AGGREGATE ppdl_train(model text, features float8[], label float8) (
	SFUNC = ppdl_train_trans, STYPE = ppdl_rows_state, SSPACE = 1000000,
	COMBINEFUNC = ppdl_rows_combine,
	FINALFUNC = ppdl_train_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = UNSAFE
);
CREATE AGGREGATE ppdl_train(model text, features float8[], label float8, options jsonb) (
	SFUNC = ppdl_train_trans, STYPE = ppdl_rows_state, SSPACE = 1000000,
	COMBINEFUNC = ppdl_rows_combine,
	FINALFUNC = ppdl_train_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = UNSAFE
);
CREATE AGGREGATE ppdl_train(model text, features float8[], label float8[]) (
	SFUNC = ppdl_train_trans, STYPE = ppdl_rows_state, SSPACE = 1000000,
	COMBINEFUNC = ppdl_rows_combine,
	FINALFUNC = ppdl_train_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = UNSAFE
);
CREATE AGGREGATE ppdl_train(model text, features float8[], label float8[], options jsonb) (
	SFUNC = ppdl_train_trans, STYPE = ppdl_rows_state, SSPACE = 1000000,
	COMBINEFUNC = ppdl_rows_combine,
	FINALFUNC = ppdl_train_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = UNSAFE
);
COMMENT ON AGGREGATE ppdl_train(text, float8[], float8) IS 'train a model on plain rows; stores a new version and returns name@version';
COMMENT ON AGGREGATE ppdl_train(text, float8[], float8, jsonb) IS 'train a model on plain rows with options; stores a new version and returns name@version';
COMMENT ON AGGREGATE ppdl_train(text, float8[], float8[]) IS 'train a model of several outputs on plain rows; stores a new version and returns name@version';
COMMENT ON AGGREGATE ppdl_train(text, float8[], float8[], jsonb) IS 'train a model of several outputs on plain rows with options; stores a new version and returns name@version';

-- prediction on plain rows
CREATE FUNCTION ppdl_predict(model text, features float8[]) RETURNS float8[]
	AS 'MODULE_PATHNAME', 'ppdl_predict_float8' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION ppdl_predict(text, float8[]) IS 'outputs of a model for one plain row, an array even when there is one';
CREATE FUNCTION ppdl_predict(model text, features text) RETURNS float8[]
	LANGUAGE sql STABLE STRICT PARALLEL SAFE COST 50 RETURN ppdl_predict(model, features::float8[]);
COMMENT ON FUNCTION ppdl_predict(text, text) IS 'the same for a row written as text, ''{0.5,1}'', which would otherwise fit functions of several types';
CREATE FUNCTION ppdl_predict_trans(ppdl_rows_state, text, float8[]) RETURNS ppdl_rows_state
	AS 'MODULE_PATHNAME', 'ppdl_predict_float8_trans' LANGUAGE C STABLE PARALLEL SAFE COST 50;
CREATE FUNCTION ppdl_predict_final(ppdl_rows_state) RETURNS float8[]
	AS 'MODULE_PATHNAME', 'ppdl_predict_float8_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION ppdl_predict_trans(ppdl_rows_state, text, float8[]) IS 'aggregate transition function';
COMMENT ON FUNCTION ppdl_predict_final(ppdl_rows_state) IS 'aggregate final function';
CREATE AGGREGATE ppdl_predict_agg(model text, features float8[]) (
	SFUNC = ppdl_predict_trans, STYPE = ppdl_rows_state, SSPACE = 100000,
	COMBINEFUNC = ppdl_rows_combine,
	FINALFUNC = ppdl_predict_final, FINALFUNC_MODIFY = READ_ONLY, PARALLEL = SAFE
);
COMMENT ON AGGREGATE ppdl_predict_agg(text, float8[]) IS 'outputs of a model for plain rows, in the order they come, one row of the result each; NULL for rows that are NULL';

-- prediction on encrypted rows
CREATE FUNCTION ppdl_predict(model text, features lwe_cipher) RETURNS lwe_cipher
	AS 'MODULE_PATHNAME', 'ppdl_predict_lwe' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 10000000;
COMMENT ON FUNCTION ppdl_predict(text, lwe_cipher) IS 'encrypted outputs of a model for one encrypted row; needs the owner''s published keys for prediction; for many rows ppdl_predict_agg is a thousand times faster';
CREATE FUNCTION ppdl_predict_trans(lwe_pack_state, text, lwe_cipher) RETURNS lwe_pack_state
	AS 'MODULE_PATHNAME', 'ppdl_predict_lwe_trans' LANGUAGE C STABLE PARALLEL SAFE COST 10000;
CREATE FUNCTION ppdl_predict_final(lwe_pack_state) RETURNS lwe_cipher
	AS 'MODULE_PATHNAME', 'ppdl_predict_lwe_final' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 10000000;
COMMENT ON FUNCTION ppdl_predict_trans(lwe_pack_state, text, lwe_cipher) IS 'aggregate transition function';
COMMENT ON FUNCTION ppdl_predict_final(lwe_pack_state) IS 'aggregate final function';
CREATE AGGREGATE ppdl_predict_agg(model text, features lwe_cipher) (
	SFUNC = ppdl_predict_trans, STYPE = lwe_pack_state, SSPACE = 10000000,
	COMBINEFUNC = lwe_pack_combine,
	FINALFUNC = ppdl_predict_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = SAFE
);
COMMENT ON AGGREGATE ppdl_predict_agg(text, lwe_cipher) IS 'encrypted outputs of a model for encrypted rows, packed, in the order they come; rows that are NULL keep their place without value';

-- for the aggregates only, which call them with their owner's rights
REVOKE EXECUTE ON FUNCTION ppdl_rows_combine(ppdl_rows_state, ppdl_rows_state),
	ppdl_train_trans(ppdl_rows_state, text, float8[], float8),
	ppdl_train_trans(ppdl_rows_state, text, float8[], float8, jsonb),
	ppdl_train_trans(ppdl_rows_state, text, float8[], float8[]),
	ppdl_train_trans(ppdl_rows_state, text, float8[], float8[], jsonb),
	ppdl_train_final(ppdl_rows_state), ppdl_predict_trans(ppdl_rows_state, text, float8[]),
	ppdl_predict_final(ppdl_rows_state), ppdl_predict_trans(lwe_pack_state, text, lwe_cipher),
	ppdl_predict_final(lwe_pack_state) FROM PUBLIC;

-- a model's name without a collation: postgres_fdw ships no function of a collatable constant
CREATE TYPE ppdl_model;
CREATE FUNCTION ppdl_model_in(cstring) RETURNS ppdl_model
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION ppdl_model_out(ppdl_model) RETURNS cstring
	AS 'textout' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION ppdl_model_recv(internal) RETURNS ppdl_model
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
CREATE FUNCTION ppdl_model_send(ppdl_model) RETURNS bytea
	AS 'textsend' LANGUAGE internal STABLE STRICT PARALLEL SAFE;
CREATE TYPE ppdl_model (
	INPUT = ppdl_model_in,
	OUTPUT = ppdl_model_out,
	RECEIVE = ppdl_model_recv,
	SEND = ppdl_model_send,
	LIKE = text
);
COMMENT ON TYPE ppdl_model IS 'name of a model, name@version or name@version#checksum, for queries that postgres_fdw ships';
COMMENT ON FUNCTION ppdl_model_in(cstring) IS 'I/O';
COMMENT ON FUNCTION ppdl_model_out(ppdl_model) IS 'I/O';
COMMENT ON FUNCTION ppdl_model_recv(internal) IS 'I/O';
COMMENT ON FUNCTION ppdl_model_send(ppdl_model) IS 'I/O';

CREATE FUNCTION ppdl_predict_trans(ppdl_rows_state, ppdl_model, float8[]) RETURNS ppdl_rows_state
	AS 'MODULE_PATHNAME', 'ppdl_predict_float8_trans' LANGUAGE C STABLE PARALLEL SAFE COST 50;
CREATE FUNCTION ppdl_predict_trans(lwe_pack_state, ppdl_model, lwe_cipher) RETURNS lwe_pack_state
	AS 'MODULE_PATHNAME', 'ppdl_predict_lwe_trans' LANGUAGE C STABLE PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION ppdl_predict_trans(ppdl_rows_state, ppdl_model, float8[]) IS 'aggregate transition function';
COMMENT ON FUNCTION ppdl_predict_trans(lwe_pack_state, ppdl_model, lwe_cipher) IS 'aggregate transition function';
CREATE AGGREGATE ppdl_predict_agg(model ppdl_model, features float8[]) (
	SFUNC = ppdl_predict_trans, STYPE = ppdl_rows_state, SSPACE = 100000,
	COMBINEFUNC = ppdl_rows_combine,
	FINALFUNC = ppdl_predict_final, FINALFUNC_MODIFY = READ_ONLY, PARALLEL = SAFE
);
COMMENT ON AGGREGATE ppdl_predict_agg(ppdl_model, float8[]) IS 'outputs of a model for plain rows, as ppdl_predict_agg(text, float8[]); postgres_fdw can ship it';
CREATE AGGREGATE ppdl_predict_agg(model ppdl_model, features lwe_cipher) (
	SFUNC = ppdl_predict_trans, STYPE = lwe_pack_state, SSPACE = 10000000,
	COMBINEFUNC = lwe_pack_combine,
	FINALFUNC = ppdl_predict_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = SAFE
);
COMMENT ON AGGREGATE ppdl_predict_agg(ppdl_model, lwe_cipher) IS 'encrypted outputs of a model for encrypted rows, as ppdl_predict_agg(text, lwe_cipher); postgres_fdw can ship it';
REVOKE EXECUTE ON FUNCTION ppdl_predict_trans(ppdl_rows_state, ppdl_model, float8[]),
	ppdl_predict_trans(lwe_pack_state, ppdl_model, lwe_cipher) FROM PUBLIC;
