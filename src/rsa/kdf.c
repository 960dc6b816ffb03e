#include "rsa/kdf.h"

#include <stdint.h>

#include <openssl/asn1t.h>
#include <openssl/err.h>
#include <openssl/objects.h>

#define MAX_SCRYPT (UINT64_C(1) << 31)	/* 128 N r p: bytes written by scrypt, twice what we ask for */
#define MAX_ITERATIONS 10000000	/* of the hash of other derivations */

static PpdlStatus
too_costly(const char *what, PpdlError *err)
{
	ERR_clear_error();
	ppdl_error(err, PPDL_ERR_FORMAT, "the RSA private key's %s are out of range", what);
	return ppdl_error_hint(err, PPDL_ERR_FORMAT, "openssl pkcs8 -topk8 -scrypt writes the key anew with usual ones.");
}

/* v, at least 1 and at most limit; 0: it is not */
static uint64_t
bounded(const ASN1_INTEGER *v, uint64_t limit)
{
	uint64_t	value = 0;

	return v != NULL && ASN1_INTEGER_get_uint64(&value, v) == 1 && value <= limit ? value : 0;
}

static PpdlStatus
check_scrypt(const ASN1_TYPE *parameter, PpdlError *err)
{
	SCRYPT_PARAMS *s = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(SCRYPT_PARAMS), parameter);
	uint64_t	n = 0,
				r = 0,
				p = 0;

	if (s != NULL)
	{
		n = bounded(s->costParameter, MAX_SCRYPT);
		r = bounded(s->blockSize, 1 << 20);
		p = bounded(s->parallelizationParameter, 1 << 20);
	}
	SCRYPT_PARAMS_free(s);
	if (n == 0 || r == 0 || p == 0 || n > MAX_SCRYPT / 128 / r / p)
		return too_costly("scrypt parameters", err);
	return PPDL_OK;
}

static PpdlStatus
check_pbkdf2(const ASN1_TYPE *parameter, PpdlError *err)
{
	PBKDF2PARAM *k = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM), parameter);
	uint64_t	iterations = k != NULL ? bounded(k->iter, MAX_ITERATIONS) : 0;

	PBKDF2PARAM_free(k);
	return iterations > 0 ? PPDL_OK : too_costly("iterations of PBKDF2", err);
}

/* PBES1 and PKCS#12's: salt and iterations */
static PpdlStatus
check_old(const ASN1_TYPE *parameter, PpdlError *err)
{
	PBEPARAM   *k = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBEPARAM), parameter);
	uint64_t	iterations = k != NULL ? bounded(k->iter, MAX_ITERATIONS) : 0;

	PBEPARAM_free(k);
	return iterations > 0 ? PPDL_OK : too_costly("iterations of key derivation", err);
}

PpdlStatus
ppdl_rsa_check_kdf(const X509_SIG *sealed, PpdlError *err)
{
	const X509_ALGOR *algorithm;
	PBE2PARAM  *pbe;
	int			nid;
	PpdlStatus	status;

	X509_SIG_get0(sealed, &algorithm, NULL);
	if (OBJ_obj2nid(algorithm->algorithm) != NID_pbes2)
		return check_old(algorithm->parameter, err);
	pbe = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), algorithm->parameter);
	if (pbe == NULL || pbe->keyfunc == NULL)
	{
		PBE2PARAM_free(pbe);
		return too_costly("parameters of key derivation", err);
	}
	nid = OBJ_obj2nid(pbe->keyfunc->algorithm);
	if (nid == NID_id_scrypt)
		status = check_scrypt(pbe->keyfunc->parameter, err);
	else
		status = check_pbkdf2(pbe->keyfunc->parameter, err);
	PBE2PARAM_free(pbe);
	return status;
}
