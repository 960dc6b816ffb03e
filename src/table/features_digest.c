#include "table/features.h"

#include <jansson.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/hex.h"
#include "table/jsontext.h"

static const char domain[] = "ppdl/features/1";

/* the members as ppdl writes them, so that blanks and line breaks do not count */
static PpdlStatus
put_members(PpdlWriter *w, const json_t *root, PpdlError *err)
{
	const char *key;
	json_t	   *value;

	ppdl_write_text(w, domain);
	json_object_foreach((json_t *) root, key, value)
	{
		if (strcmp(key, "digest") == 0)
			continue;
		ppdl_write_bytes(w, key, strlen(key) + 1);
		ppdl_json_put(w, value);
		ppdl_write_u8(w, 0);
	}
	return w->bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}

static PpdlStatus
hash(char out[PPDL_FEATURES_DIGEST_SIZE], const PpdlWriter *w, PpdlError *err)
{
	uint8_t		md[EVP_MAX_MD_SIZE];

	if (EVP_Digest(w->buf, w->len, md, NULL, EVP_sha256(), NULL) != 1)
		return ppdl_error(err, PPDL_ERR_CRYPTO, "OpenSSL could not compute SHA-256");
	ppdl_hex_write(out, md, PPDL_FEATURES_DIGEST_SIZE / 2);
	return PPDL_OK;
}

PpdlStatus
ppdl_features_digest(char out[PPDL_FEATURES_DIGEST_SIZE], const json_t *root, PpdlError *err)
{
	PpdlWriter	w;
	PpdlStatus	status;

	ppdl_writer_init(&w);
	status = put_members(&w, root, err);
	if (status == PPDL_OK)
		status = hash(out, &w, err);
	ppdl_writer_free(&w);
	return status;
}
