/* Encrypted weights of a model, as training on encrypted rows leaves them: back in the clear, or made by the owner. */
#include "owner/owner_impl.h"

#include <math.h>
#include <stdlib.h>

#include <openssl/crypto.h>

#include "base/complex.h"
#include "ckks/encoder.h"
#include "ckks/encrypt.h"
#include "learn/predict_encrypted.h"
#include "learn/trainer.h"
#include "learn/weights.h"
#include "rows/cipher_read.h"

/* digits below the error say more about the key than about the weights */
static PpdlStatus
round_weights(PpdlNet *net, double error, PpdlError *err)
{
	const int	n = ppdl_net_weight_count(net);
	const double unit = exp2(ceil(log2(fmax(2 * error, 0x1p-40))));
	double	   *w = malloc((size_t) n * sizeof(*w));
	PpdlStatus	status;

	if (w == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	ppdl_net_get_weights(net, w);
	for (int i = 0; i < n; i++)
		w[i] = rint(w[i] / unit) * unit + 0.0;
	status = ppdl_net_set_weights(net, w, n, err);
	ppdl_free_secret(w, (size_t) n * sizeof(*w));
	return status;
}

/* digits that mean nothing are never returned: no weight is larger than what is declared for the length of many */
static PpdlStatus
check_weights(const double complex *z, const PpdlSlotLayout *lay, const PpdlCt *ct, double error, PpdlError *err)
{
	const double limit = ct->bound * (1 + 0x1p-10) + 32 * error;

	if (error > ct->bound / 4 || ppdl_slots_largest(z, lay->period) > limit)
	{
		ppdl_error(err, PPDL_ERR_PRECISION, "the decrypted weights leave the range that training keeps, +-%.3g",
				   ct->bound);
		return ppdl_error_hint(err, PPDL_ERR_PRECISION,
							   "Training has diverged (a smaller learning rate helps), or the model is damaged.");
	}
	return PPDL_OK;
}

/* what ppdl_weights_load found */
typedef struct Weights
{
	PpdlCt		ct[PPDL_MAX_WEIGHT_CTS];
	int			count;
	uint32_t	period;
	uint8_t		fingerprint[PPDL_FINGERPRINT_BYTES];
} Weights;

static PpdlStatus
decrypt(PpdlEval *ev, const PpdlSecret *sk, PpdlNet *net, const Weights *w, PpdlError *err)
{
	/* not below that of a fresh encryption, whatever the server wrote (floor.c) */
	const double error = fmax(w->ct[0].noise, PPDL_SIGMA) * sqrt((double) ev->par->n) / w->ct[0].scale;
	const size_t slots = ev->par->slots;
	PpdlSlotLayout lay;
	double complex *z;
	PpdlStatus	status = PPDL_OK;

	PPDL_TRY(ppdl_slot_layout(&lay, ev->par, net, net->inputs, err));
	if (lay.period != w->period || lay.nweights != w->count)
		return ppdl_error(err, PPDL_ERR_FORMAT,
						  "encrypted weights of %d x %u slots do not fit this network, which has %d x %zu",
						  w->count, w->period, lay.nweights, lay.period);
	/* one ciphertext's period after the other; each decryption fills all slots */
	z = malloc((slots + (size_t) w->count * lay.period) * sizeof(*z));
	if (z == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (int i = 0; i < w->count && status == PPDL_OK; i++)
	{
		status = ppdl_decrypt_slots(ev, &w->ct[i], sk, z + (size_t) i * lay.period, err);
		if (status == PPDL_OK)
			status = check_weights(z + (size_t) i * lay.period, &lay, &w->ct[i], error, err);
	}
	if (status == PPDL_OK)
		status = ppdl_slots_to_net(&lay, z, net, err);
	if (status == PPDL_OK)
		status = ppdl_net_check_range(net, err);
	if (status == PPDL_OK)
		status = round_weights(net, error, err);
	ppdl_free_secret(z, (slots + (size_t) w->count * lay.period) * sizeof(*z));
	return status;
}

static PpdlStatus
load_and_decrypt(PpdlOwner *o, PpdlEval *ev, const PpdlSecret *sk, PpdlNet *net, const void *buf, size_t len,
				 double *declared, PpdlError *err)
{
	PpdlStatus	status;
	Weights		w;

	PPDL_TRY(ppdl_weights_load(ev, w.ct, &w.count, &w.period, w.fingerprint, buf, len, err));
	if (memcmp(w.fingerprint, o->fingerprint, sizeof(w.fingerprint)) != 0)
	{
		char		theirs[17],
					mine[17];

		ppdl_fingerprint_hex(theirs, w.fingerprint);
		ppdl_fingerprint_hex(mine, o->fingerprint);
		status = ppdl_error(err, PPDL_ERR_KEY, "model is encrypted under key %s, not under key \"%s\" (%s)", theirs,
							o->name, mine);
	}
	else
		status = decrypt(ev, sk, net, &w, err);
	if (declared != NULL)
		*declared = w.ct[0].bound;
	for (int i = 0; i < w.count; i++)
		ppdl_ct_release(ev, &w.ct[i]);
	return status;
}

/* ---- in the clear -> encrypted ---- */

static PpdlStatus
encrypt_period(PpdlOwner *o, PpdlEval *ev, PpdlCt *ct, const PpdlSecret *sk, const double complex *z,
			   const PpdlSlotLayout *lay, PpdlError *err)
{
	const int	limbs = ppdl_encrypted_predict_limbs(lay);
	PpdlPt		pt;
	PpdlStatus	status;

	PPDL_TRY(ppdl_pt_alloc(ev, &pt, limbs, err));
	status = ppdl_encode_slots(ev->par, &pt, z, lay->period, PPDL_SGD_SCALE, limbs, err);
	if (status == PPDL_OK)
		status = ppdl_encrypt_secret(ev, ct, &pt, sk, o->rng, err);
	OPENSSL_cleanse(pt.p, (size_t) limbs * ev->par->n * sizeof(uint64_t));
	ppdl_pt_release(ev, &pt);
	return status;
}

static PpdlStatus
encrypt(PpdlOwner *o, PpdlEval *ev, const PpdlSecret *sk, const PpdlNet *net, int within, PpdlWriter *out,
		PpdlError *err)
{
	PpdlCt		ct[PPDL_MAX_WEIGHT_CTS] = {{0}};
	PpdlSlotLayout lay;
	double complex *z;
	size_t		count;
	PpdlStatus	status;

	PPDL_TRY(ppdl_slot_layout(&lay, ev->par, net, net->inputs, err));
	count = (size_t) lay.nweights * lay.period;
	z = malloc(count * sizeof(*z));
	if (z == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	status = ppdl_slots_from_net(&lay, net, z, err);
	for (int i = 0; i < lay.nweights && status == PPDL_OK; i++)
	{
		status = encrypt_period(o, ev, &ct[i], sk, z + (size_t) i * lay.period, &lay, err);
		/* the server reads it, so it must not come from the weights */
		ct[i].bound = within;
	}
	if (status == PPDL_OK)
		status = ppdl_weights_save(out, ct, lay.nweights, (uint32_t) lay.period, o->fingerprint, err);
	for (int i = 0; i < lay.nweights; i++)
		ppdl_ct_release(ev, &ct[i]);
	ppdl_free_secret(z, count * sizeof(*z));
	return status;
}

static PpdlStatus
check_length(const PpdlNet *net, int within, PpdlError *err)
{
	const double longest = ppdl_net_longest_weights(net);
	int			enough = within;

	if (within < 1 || within > PPDL_MAX_WEIGHT_LENGTH || (within & (within - 1)) != 0)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "encrypted weights are within 1, 2, 4, 8 or %d, not %d",
						  PPDL_MAX_WEIGHT_LENGTH, within);
	if (longest <= within)
		return PPDL_OK;
	while (enough < longest && enough < PPDL_MAX_WEIGHT_LENGTH)
		enough *= 2;
	ppdl_error(err, PPDL_ERR_RANGE,
			   "the weights of a unit, its bias among them, have a length of %.4g, beyond the %d that encrypted "
			   "weights are declared within",
			   longest, within);
	ppdl_error_detail(err, PPDL_ERR_RANGE,
					  "The length is the root of the sum of their squares. The server sees what is declared, "
					  "which is why it is not taken from the weights.");
	if (longest > enough)
		return ppdl_error_hint(err, PPDL_ERR_RANGE,
							   "No more than %d can be declared. Larger inputs (\"input_scale\") need smaller weights.",
							   PPDL_MAX_WEIGHT_LENGTH);
	return ppdl_error_hint(err, PPDL_ERR_RANGE,
						   "--weights-within %d would do. Larger inputs (\"input_scale\") need smaller weights.",
						   enough);
}

/* ---- both ---- */

/* an evaluator without keys for the owner's deep secret */
typedef struct Workshop
{
	const PpdlSecret *sk;
	PpdlPool   *pool;
	PpdlEval	ev;
} Workshop;

static PpdlStatus
workshop_open(Workshop *w, PpdlOwner *o, PpdlError *err)
{
	PpdlStatus	status;

	PPDL_TRY(ppdl_owner_secret(o, PPDL_RING_DEEP, &w->sk, err));
	w->pool = ppdl_pool_create();
	if (w->pool == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	status = ppdl_eval_init(&w->ev, w->sk->par, w->pool, NULL, err);
	if (status != PPDL_OK)
		ppdl_pool_destroy(w->pool);
	return status;
}

static void
workshop_close(Workshop *w)
{
	ppdl_eval_fini(&w->ev);
	ppdl_pool_destroy(w->pool);
}

PpdlStatus
ppdl_owner_decrypt_model(PpdlOwner *o, PpdlNet *net, const void *buf, size_t len, double *declared, PpdlError *err)
{
	PpdlOwner  *holder = NULL;
	Workshop	w;
	PpdlStatus	status;
	PpdlCipher	c;

	/* weights under a writer's key are its owner's to read, too */
	if (len >= PPDL_CIPHER_HEADER && ppdl_cipher_peek(&c, buf, NULL) == PPDL_OK)
		holder = ppdl_owner_find(o, c.fingerprint);
	if (holder != NULL)
		o = holder;
	PPDL_TRY(workshop_open(&w, o, err));
	status = load_and_decrypt(o, &w.ev, w.sk, net, buf, len, declared, err);
	workshop_close(&w);
	return status;
}

PpdlStatus
ppdl_owner_encrypt_model(PpdlOwner *o, const PpdlNet *net, int within, PpdlWriter *out, PpdlError *err)
{
	Workshop	w;
	PpdlStatus	status;

	PPDL_TRY(ppdl_net_check_trained(net, err));
	PPDL_TRY(check_length(net, within, err));
	PPDL_TRY(workshop_open(&w, o, err));
	status = encrypt(o, &w.ev, w.sk, net, within, out, err);
	workshop_close(&w);
	return status;
}
