/* Encrypted weights of a model that was trained on encrypted rows, back in the clear. */
#include "owner/owner_impl.h"

#include <complex.h>
#include <math.h>
#include <stdlib.h>

#include "ckks/encrypt.h"
#include "nn/etrain.h"

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

/* digits that mean nothing are never returned: training keeps weights within [-1, 1] */
static PpdlStatus
check_weights(const double complex *z, const PpdlSlotLayout *lay, const PpdlCt *ct, double error, PpdlError *err)
{
	const double limit = ct->bound * (1 + 0x1p-10) + 32 * error;
	int			wild = error > ct->bound / 4;

	for (size_t i = 0; i < lay->period; i++)
		wild |= fabs(creal(z[i])) > limit || fabs(cimag(z[i])) > limit;
	if (wild)
	{
		ppdl_error(err, PPDL_ERR_PRECISION, "the decrypted weights leave the range that training keeps, +-%.3g", ct->bound);
		return ppdl_error_hint(err, PPDL_ERR_PRECISION,
							   "Training has diverged (a smaller learning rate helps), or the model is damaged.");
	}
	return PPDL_OK;
}

static PpdlStatus
decrypt(PpdlEval *ev, const PpdlSecret *sk, PpdlNet *net, const PpdlCt *ct, uint32_t period, PpdlError *err)
{
	const double error = ct->noise * sqrt((double) ev->par->n) / ct->scale;
	PpdlSlotLayout lay;
	double complex *z;
	PpdlStatus	status;

	PPDL_TRY(ppdl_slot_layout(&lay, ev->par, net, net->inputs, err));
	if (lay.period != period)
		return ppdl_error(err, PPDL_ERR_FORMAT, "encrypted weights of period %u do not fit this network, whose period is %zu", period, lay.period);
	z = malloc(ev->par->slots * sizeof(*z));
	if (z == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	PPDL_GOTO(done, ppdl_decrypt_slots(ev, ct, sk, z, err));
	PPDL_GOTO(done, check_weights(z, &lay, ct, error, err));
	PPDL_GOTO(done, ppdl_slots_to_net(&lay, z, net, err));
	status = round_weights(net, error, err);
done:
	ppdl_free_secret(z, ev->par->slots * sizeof(*z));
	return status;
}

static PpdlStatus
load_and_decrypt(PpdlOwner *o, PpdlEval *ev, const PpdlSecret *sk, PpdlNet *net, const void *buf, size_t len, PpdlError *err)
{
	uint8_t		fp[PPDL_FINGERPRINT_BYTES];
	uint32_t	period;
	PpdlStatus	status;
	PpdlCt		ct;

	PPDL_TRY(ppdl_weights_load(ev, &ct, &period, fp, buf, len, err));
	if (memcmp(fp, o->fingerprint, sizeof(fp)) != 0)
	{
		char		theirs[17],
					mine[17];

		ppdl_fingerprint_hex(theirs, fp);
		ppdl_fingerprint_hex(mine, o->fingerprint);
		status = ppdl_error(err, PPDL_ERR_KEY, "model is encrypted under key %s, not under key \"%s\" (%s)", theirs, o->name, mine);
	}
	else
		status = decrypt(ev, sk, net, &ct, period, err);
	ppdl_ct_release(ev, &ct);
	return status;
}

PpdlStatus
ppdl_owner_decrypt_model(PpdlOwner *o, PpdlNet *net, const void *buf, size_t len, PpdlError *err)
{
	const PpdlSecret *sk;
	PpdlStatus	status;
	PpdlPool   *pool;
	PpdlEval	ev;

	PPDL_TRY(ppdl_owner_secret(o, PPDL_RING_DEEP, &sk, err));
	pool = ppdl_pool_create();
	if (pool == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	status = ppdl_eval_init(&ev, sk->par, pool, NULL, err);
	if (status == PPDL_OK)
	{
		status = load_and_decrypt(o, &ev, sk, net, buf, len, err);
		ppdl_eval_fini(&ev);
	}
	ppdl_pool_destroy(pool);
	return status;
}
