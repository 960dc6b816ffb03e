#include "rows/row.h"

#include <math.h>

#include <openssl/crypto.h>

#include "ckks/encoder.h"
#include "ckks/encrypt.h"
#include "ckks/verify.h"
#include "rows/batch.h"
#include "rows/cipher_write.h"

static PpdlStatus
encrypt_vector(PpdlEval *ev, PpdlCt *ct, const double *x, int width, const PpdlBatchOptions *opt, const PpdlRowKey *key,
			   PpdlError *err)
{
	const PpdlParams *par = key->pk->par;
	const double scale = ldexp(1, opt->scale_bits);
	const size_t stride = par->n >> ppdl_log2_width(width);
	PpdlStatus	status;
	PpdlPt		pt = {0};
	int64_t    *m = ppdl_pool_get(ev->pool, par->n * sizeof(int64_t));

	if (m == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	memset(m, 0, par->n * sizeof(int64_t));
	for (int f = 0; f < width; f++)
		m[f * stride] = llrint(x[f] * scale);
	PPDL_GOTO(done, ppdl_pt_alloc(ev, &pt, opt->limbs, err));
	PPDL_GOTO(done, ppdl_encode_coeffs(par, &pt, m, scale, opt->limbs, err));
	status = ppdl_encrypt_public(ev, ct, &pt, key->pk, key->rng, err);
done:
	if (pt.p != NULL)
		OPENSSL_cleanse(pt.p, (size_t) opt->limbs * par->n * sizeof(uint64_t));
	ppdl_pt_release(ev, &pt);
	OPENSSL_cleanse(m, par->n * sizeof(int64_t));
	ppdl_pool_put(ev->pool, m);
	return status;
}

PpdlStatus
ppdl_row_encrypt_public(PpdlWriter *w, const double *x, int width, int limbs, int scale_bits, const PpdlRowKey *key,
						PpdlError *err)
{
	const PpdlBatchOptions opt = {.limbs = limbs, .scale_bits = scale_bits};
	PpdlStatus	status;
	PpdlPool   *pool;
	PpdlEval	ev;
	PpdlCt		ct = {0};

	PPDL_TRY(ppdl_batch_check(x, 1, width, &opt, key->pk->par, err));
	pool = ppdl_pool_create();
	if (pool == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	PPDL_GOTO(no_eval, ppdl_eval_init(&ev, key->pk->par, pool, NULL, err));
	PPDL_GOTO(done, encrypt_vector(&ev, &ct, x, width, &opt, key, err));
	ct.bound = 1;
	status = ppdl_row_write(w, &ct, width, key->fingerprint, err);
done:
	ppdl_eval_fini(&ev);
no_eval:
	ppdl_pool_destroy(pool);
	return status;
}

PpdlStatus
ppdl_row_write(PpdlWriter *w, PpdlCt *ct, int width, const uint8_t fp[PPDL_FINGERPRINT_BYTES], PpdlError *err)
{
	const PpdlRing *ring = ct->par->ring;
	PpdlCipher	row = {.par = ct->par, .kind = PPDL_KIND_ROW, .limbs = ct->limbs, .width = width,
		.logk = ppdl_log2_width(width), .scale = ct->scale, .noise = ct->noise, .bound = ct->bound};
	const size_t k = (size_t) 1 << row.logk,
				stride = ring->n >> row.logk;

	memcpy(row.fingerprint, fp, PPDL_FINGERPRINT_BYTES);
	PPDL_TRY(ppdl_cipher_put_header(w, &row, err));
	PPDL_VERIFY_CT(ct);
	ct->domain = PPDL_DOMAIN_COEFFS;
	for (int l = 0; l < ct->limbs; l++)
	{
		uint64_t   *b = ppdl_limb(ring, ct->b, l);

		ppdl_intt(ring, &ring->mod[l], b);
		for (size_t f = 0; f < k; f++)
			b[f] = b[f * stride];
		ppdl_cipher_put_row_limb(w, &row, l, b, ppdl_climb(ring, ct->a, l));
	}
	return w->bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}
