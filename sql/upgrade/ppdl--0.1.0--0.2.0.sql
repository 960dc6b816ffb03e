\echo Use "ALTER EXTENSION ppdl UPDATE" to load this file. \quit

-- states of aggregates: their functions are for the aggregates, which call them with their owner's rights
REVOKE EXECUTE ON FUNCTION lwe_sum_trans(lwe_sum_state, lwe_cipher), lwe_sum_combine(lwe_sum_state, lwe_sum_state),
	lwe_sum_final(lwe_sum_state), lwe_avg_final(lwe_sum_state),
	lwe_pack_trans(lwe_pack_state, lwe_cipher), lwe_pack_combine(lwe_pack_state, lwe_pack_state),
	lwe_pack_final(lwe_pack_state) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION ppdl_rows_combine(ppdl_rows_state, ppdl_rows_state),
	ppdl_train_trans(ppdl_rows_state, text, float8[], float8),
	ppdl_train_trans(ppdl_rows_state, text, float8[], float8, jsonb),
	ppdl_train_trans(ppdl_rows_state, text, float8[], float8[]),
	ppdl_train_trans(ppdl_rows_state, text, float8[], float8[], jsonb),
	ppdl_train_final(ppdl_rows_state), ppdl_predict_trans(ppdl_rows_state, text, float8[]),
	ppdl_predict_final(ppdl_rows_state), ppdl_predict_trans(lwe_pack_state, text, lwe_cipher),
	ppdl_predict_final(lwe_pack_state) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION ppdl_train_combine(ppdl_train_state, ppdl_train_state),
	ppdl_train_trans(ppdl_train_state, text, lwe_cipher, lwe_cipher),
	ppdl_train_trans(ppdl_train_state, text, lwe_cipher, lwe_cipher, jsonb),
	ppdl_train_final(ppdl_train_state) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION rsa_product_trans(rsa_cipher, rsa_cipher), rsa_sum_trans(rsa_cipher, rsa_cipher),
	ppdl_predict_rsa_trans(bytea, text, rsa_cipher[]),
	ppdl_predict_rsa_trans(bytea, text, rsa_cipher[], int), ppdl_predict_rsa_combine(bytea, bytea),
	ppdl_predict_rsa_final(bytea) FROM PUBLIC;
-- it looks the key up
ALTER FUNCTION ppdl_predict_rsa_final(bytea) STABLE;
