/* The owner's side of RSA in SQL: refused unless ppdl.owner_mode is on. */
#include "pg/keys.h"
#include "pg/owner_session.h"
#include "pg/rsa_datum.h"

#include <math.h>

#include <openssl/crypto.h>

#include "catalog/pg_type.h"
#include "net/rsa_net.h"
#include "owner/passphrase.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

PG_FUNCTION_INFO_V1(rsa_keygen);
PG_FUNCTION_INFO_V1(rsa_decrypt);
PG_FUNCTION_INFO_V1(rsa_decrypt_prediction);

static void
free_key(void *key)
{
	ppdl_rsa_key_free(key);
}

static void
publish(const PpdlRsaPublic *pub, const char *name)
{
	PpdlWriter	pem;
	PpdlError	err;
	char	   *copy;

	ppdl_writer_init(&pem);
	PPDL_PG(ppdl_rsa_public_to_pem(pub, &pem, &err));
	copy = pnstrdup((char *) pem.buf, pem.len);
	ppdl_writer_free(&pem);
	ppdl_key_store(pub->fingerprint, name, "rsa", psprintf("RSA, %d bits", pub->bits), "public",
				   (uint8_t *) copy, strlen(copy), NULL);
}

/* rsa_keygen(name, passphrase, bits): publishes the public key, returns the private one */
Datum
rsa_keygen(PG_FUNCTION_ARGS)
{
	const PpdlPoll poll = {ppdl_pg_interrupted, NULL};
	char	   *passphrase;
	text	   *secret;
	PpdlRsaKey *key;
	PpdlWriter	pem;
	PpdlStatus	status;
	PpdlError	err;

	ppdl_require_owner_mode("rsa_keygen");
	passphrase = text_to_cstring(PG_GETARG_TEXT_PP(1));
	PPDL_PG(ppdl_passphrase_check(passphrase, &err));
	PPDL_PG(ppdl_rsa_generate(&key, PG_GETARG_INT32(2), &poll, &err));
	ppdl_guard(CurrentMemoryContext, free_key, key);
	ppdl_writer_init(&pem);
	status = ppdl_rsa_key_to_pem(key, passphrase, &pem, &err);
	OPENSSL_cleanse(passphrase, strlen(passphrase));
	if (status != PPDL_OK)
	{
		ppdl_writer_free(&pem);
		ppdl_report(&err);
	}
	secret = cstring_to_text_with_len((char *) pem.buf, (int) pem.len);
	ppdl_writer_free(&pem);
	publish(ppdl_rsa_key_public(key), text_to_cstring(PG_GETARG_TEXT_PP(0)));
	PG_RETURN_TEXT_P(secret);
}

/* rsa_decrypt(cipher, secret, passphrase) */
Datum
rsa_decrypt(PG_FUNCTION_ARGS)
{
	PpdlRsaView view;
	PpdlRsaPlain plain;
	PpdlRsaKey *key;
	char	   *number,
			   *copy;
	PpdlStatus	status;
	PpdlError	err;

	ppdl_require_owner_mode("rsa_decrypt");
	key = ppdl_rsa_session(PG_GETARG_TEXT_PP(1), PG_GETARG_TEXT_PP(2));
	ppdl_rsa_from_datum(&view, PG_GETARG_VARLENA_PP(0));
	if (view.kind == PPDL_RSA_PREDICTION)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("rsa_cipher is a prediction, not a value"),
				 errhint("rsa_decrypt_prediction() decrypts predictions.")));
	PPDL_PG(ppdl_rsa_decrypt(key, &view, &plain, &err));
	status = ppdl_rsa_plain_text(&plain, &number, &err);
	ppdl_rsa_plain_free(&plain);
	if (status != PPDL_OK)
		ppdl_report(&err);
	copy = MemoryContextAllocExtended(CurrentMemoryContext, strlen(number) + 1, MCXT_ALLOC_NO_OOM);
	if (copy != NULL)
		strcpy(copy, number);
	OPENSSL_cleanse(number, strlen(number));
	free(number);
	if (copy == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	PG_RETURN_DATUM(DirectFunctionCall3(numeric_in, CStringGetDatum(copy), ObjectIdGetDatum(InvalidOid),
										Int32GetDatum(-1)));
}

static void
free_outputs(void *arg)
{
	free(((PpdlRsaOutputs *) arg)->value);
}

static void
free_threads(void *threads)
{
	ppdl_threads_destroy(threads);
}

static int
poll_interrupts(void *arg, uint32_t done, uint32_t rows)
{
	return ppdl_pg_interrupted(NULL);
}

/* rsa_decrypt_prediction(cipher, secret, passphrase): a row of the array a row */
Datum
rsa_decrypt_prediction(PG_FUNCTION_ARGS)
{
	PpdlRsaView view;
	PpdlRsaOutputs *out = palloc0(sizeof(PpdlRsaOutputs));
	PpdlThreads *threads;
	PpdlRsaKey *key;
	Datum	   *value;
	bool	   *isnull;
	int			dims[2],
				lower[2] = {1, 1};
	PpdlError	err;

	ppdl_require_owner_mode("rsa_decrypt_prediction");
	key = ppdl_rsa_session(PG_GETARG_TEXT_PP(1), PG_GETARG_TEXT_PP(2));
	ppdl_rsa_from_datum(&view, PG_GETARG_VARLENA_PP(0));
	PPDL_PG(ppdl_threads_create(&threads, ppdl_pg_threads(), &err));
	ppdl_guard(CurrentMemoryContext, free_threads, threads);
	PPDL_PG(ppdl_rsa_net_decrypt(out, key, &view, threads, poll_interrupts, NULL, &err));
	ppdl_guard(CurrentMemoryContext, free_outputs, out);
	dims[0] = out->rows;
	dims[1] = out->outputs;
	value = palloc_extended(sizeof(Datum) * (Size) out->rows * (Size) out->outputs + 1, MCXT_ALLOC_HUGE);
	isnull = palloc_extended((Size) out->rows * (Size) out->outputs + 1, MCXT_ALLOC_HUGE);
	for (Size i = 0; i < (Size) out->rows * (Size) out->outputs; i++)
	{
		isnull[i] = isnan(out->value[i]);
		value[i] = Float8GetDatum(out->value[i]);
	}
	PG_RETURN_ARRAYTYPE_P(construct_md_array(value, isnull, 2, dims, lower, FLOAT8OID, sizeof(float8),
											 FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}
