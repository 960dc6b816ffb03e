/* Values and predictions taken apart and checked, whichever a wire value is. */
#include "rsa/cipher_private.h"
#include "rsa/prediction_private.h"

PpdlStatus
ppdl_rsa_view(PpdlRsaView *view, const void *wire, size_t len, PpdlError *err)
{
	size_t		expected;

	PPDL_TRY(ppdl_rsa_view_header(view, wire, len, err));
	view->body = (const uint8_t *) wire + PPDL_RSA_HEADER_BYTES;
	view->body_len = len - PPDL_RSA_HEADER_BYTES;
	if (view->kind == PPDL_RSA_PREDICTION)
		return ppdl_rsa_prediction_check(view, NULL, err);
	expected = (size_t) view->parts * ppdl_rsa_part_bytes(view);
	if (view->body_len != expected)
		return ppdl_error(err, PPDL_ERR_FORMAT,
						  "malformed rsa_cipher: %zu bytes instead of %zu", len,
						  expected + PPDL_RSA_HEADER_BYTES);
	for (uint32_t i = 0; i < view->parts; i++)
		PPDL_TRY(ppdl_rsa_part_check_layout(view, ppdl_rsa_view_part(view, i), err));
	return PPDL_OK;
}

PpdlStatus
ppdl_rsa_view_check(const PpdlRsaView *view, const PpdlRsaPublic *pub, PpdlError *err)
{
	PPDL_TRY(ppdl_rsa_view_check_key(view, pub, err));
	if (view->kind == PPDL_RSA_PREDICTION)
		return ppdl_rsa_prediction_check(view, pub, err);
	for (uint32_t i = 0; i < view->parts; i++)
		PPDL_TRY(ppdl_rsa_part_check_key(view, ppdl_rsa_view_part(view, i), pub, err));
	return PPDL_OK;
}
