/* The owner encrypts and decrypts models; what is not theirs, or not whole, is refused. */
#include "rows_util.h"

#include "base/complex.h"
#include "ckks/encoder.h"
#include "ckks/encrypt.h"
#include "learn/predict_encrypted.h"
#include "learn/trainer.h"
#include "learn/weights.h"
#include "owner/owner_impl.h"

static const char spec[] = "{\"inputs\":5,\"layers\":[{\"units\":3,\"activation\":\"quadratic\"},{\"units\":2}]}";
static const char spec_two[] = "{\"inputs\":5,\"layers\":[{\"units\":3,\"activation\":\"quadratic\"},{\"units\":4,\"activation\":\"square\"},{\"units\":1}]}";

typedef struct Model
{
	PpdlNet    *net;
	double	   *w;
	int			n;
	PpdlWriter	cipher;
} Model;

/* weights i/64 * factor - 1/4, encrypted as a training run leaves them */
static Model
make_model(PpdlOwner *owner, const char *json, double factor)
{
	Model		m;
	const PpdlSecret *sk;
	PpdlPool   *pool = ppdl_pool_create();
	PpdlSlotLayout lay;
	PpdlCt		ct[PPDL_MAX_WEIGHT_CTS];
	PpdlEval	ev;
	double complex *z;

	OK(ppdl_net_parse(&m.net, json, ERR));
	m.n = ppdl_net_weight_count(m.net);
	m.w = malloc(sizeof(double) * (size_t) m.n);
	for (int i = 0; i < m.n; i++)
		m.w[i] = factor * i / 64 - 0.25;
	OK(ppdl_net_set_weights(m.net, m.w, m.n, ERR));
	OK(ppdl_owner_secret(owner, PPDL_RING_DEEP, &sk, ERR));
	OK(ppdl_eval_init(&ev, sk->par, pool, NULL, ERR));
	OK(ppdl_slot_layout(&lay, sk->par, m.net, m.net->inputs, ERR));
	z = malloc(sizeof(*z) * lay.period * (size_t) lay.nweights);
	OK(ppdl_slots_from_net(&lay, m.net, z, ERR));
	for (int i = 0; i < lay.nweights; i++)
	{
		PpdlPt		pt;

		OK(ppdl_pt_alloc(&ev, &pt, ppdl_encrypted_predict_limbs(&lay), ERR));
		OK(ppdl_encode_slots(sk->par, &pt, z + (size_t) i * lay.period, lay.period, PPDL_SGD_SCALE,
							 ppdl_encrypted_predict_limbs(&lay), ERR));
		OK(ppdl_encrypt_secret(&ev, &ct[i], &pt, sk, owner->rng, ERR));
		ct[i].bound = 1;
		ppdl_pt_release(&ev, &pt);
	}
	ppdl_writer_init(&m.cipher);
	OK(ppdl_weights_save(&m.cipher, ct, lay.nweights, (uint32_t) lay.period, owner->fingerprint, ERR));
	for (int i = 0; i < lay.nweights; i++)
		ppdl_ct_release(&ev, &ct[i]);
	free(z);
	ppdl_eval_fini(&ev);
	ppdl_pool_destroy(pool);
	return m;
}

static void
free_model(Model *m)
{
	ppdl_net_destroy(m->net);
	ppdl_writer_free(&m->cipher);
	free(m->w);
}

static void
check_decrypts(PpdlOwner *owner, const char *json)
{
	Model		m = make_model(owner, json, 1);
	PpdlNet    *net;
	double	   *got = malloc(sizeof(double) * (size_t) m.n);

	OK(ppdl_net_parse(&net, json, ERR));
	OK(ppdl_owner_decrypt_model(owner, net, m.cipher.buf, m.cipher.len, NULL, ERR));
	ppdl_net_get_weights(net, got);
	for (int i = 0; i < m.n; i++)
		assert_true(fabs(got[i] - m.w[i]) < 1e-6);
	free(got);
	ppdl_net_destroy(net);
	free_model(&m);
}

static void
decrypts(void **state)
{
	check_decrypts(*state, spec);
	check_decrypts(*state, spec_two);
}

/* both shapes, with weights beyond 1, which are no sign of divergence here */
static void
encrypts(void **state)
{
	const char *const specs[] = {spec, spec_two};
	PpdlOwner  *owner = *state;

	for (int s = 0; s < 2; s++)
	{
		PpdlNet    *net,
				   *back;
		PpdlWriter	w;
		double		want[200],
					got[200],
					declared;
		int			n;

		OK(ppdl_net_parse(&net, specs[s], ERR));
		OK(ppdl_net_parse(&back, specs[s], ERR));
		n = ppdl_net_weight_count(net);
		assert_true(n <= 200);
		ppdl_writer_init(&w);
		FAILS(PPDL_ERR_ARGUMENT, ppdl_owner_encrypt_model(owner, net, 16, &w, ERR));
		for (int i = 0; i < n; i++)
			want[i] = 3 * sin(i + 1);
		OK(ppdl_net_set_weights(net, want, n, ERR));
		for (int within = 0; within <= 32; within += 3)
			FAILS(PPDL_ERR_ARGUMENT, ppdl_owner_encrypt_model(owner, net, within, &w, ERR));
		FAILS(PPDL_ERR_RANGE, ppdl_owner_encrypt_model(owner, net, 2, &w, ERR));
		assert_non_null(strstr(ERR->hint, "--weights-within 8"));
		OK(ppdl_owner_encrypt_model(owner, net, 8, &w, ERR));
		OK(ppdl_owner_decrypt_model(owner, back, w.buf, w.len, &declared, ERR));
		assert_true(declared == 8);
		ppdl_net_get_weights(back, got);
		for (int i = 0; i < n; i++)
			assert_true(fabs(got[i] - want[i]) < 1e-6);
		ppdl_writer_free(&w);
		ppdl_net_destroy(net);
		ppdl_net_destroy(back);
	}
}

static void
refuses(void **state)
{
	PpdlOwner  *owner = *state,
			   *other;
	Model		m = make_model(owner, spec, 1),
				wild = make_model(owner, spec, 6);
	PpdlNet    *net,
			   *two;
	char		fp[17];

	OK(ppdl_net_parse(&net, spec, ERR));
	OK(ppdl_net_parse(&two, spec_two, ERR));
	FAILS(PPDL_ERR_FORMAT, ppdl_owner_decrypt_model(owner, net, m.cipher.buf, m.cipher.len - 1, NULL, ERR));
	FAILS(PPDL_ERR_FORMAT, ppdl_owner_decrypt_model(owner, net, "PL", 2, NULL, ERR));
	FAILS(PPDL_ERR_FORMAT, ppdl_owner_decrypt_model(owner, two, m.cipher.buf, m.cipher.len, NULL, ERR));
	/* a run that has diverged */
	FAILS(PPDL_ERR_PRECISION, ppdl_owner_decrypt_model(owner, net, wild.cipher.buf, wild.cipher.len, NULL, ERR));
	assert_non_null(strstr(test_error.hint, "learning rate"));
	assert_int_not_equal(ppdl_net_check_trained(net, NULL), PPDL_OK);
	OK(ppdl_owner_generate(&other, "clinic", ERR));
	FAILS(PPDL_ERR_KEY, ppdl_owner_decrypt_model(other, net, m.cipher.buf, m.cipher.len, NULL, ERR));
	ppdl_fingerprint_hex(fp, ppdl_owner_fingerprint(owner));
	assert_non_null(strstr(test_error.message, fp));
	/* the right fingerprint on the wrong key: found by the values */
	memcpy(m.cipher.buf + 8, ppdl_owner_fingerprint(other), 8);
	FAILS(PPDL_ERR_PRECISION, ppdl_owner_decrypt_model(other, net, m.cipher.buf, m.cipher.len, NULL, ERR));
	ppdl_owner_destroy(other);
	ppdl_net_destroy(net);
	ppdl_net_destroy(two);
	free_model(&m);
	free_model(&wild);
}

/* a server that states no noise gets no more digits than it would get of a fresh model */
static void
stated_noise(void **state)
{
	PpdlOwner  *owner = *state;
	Model		m = make_model(owner, spec, 1);
	const double unit = exp2(ceil(log2(2 * PPDL_SIGMA * 256 / PPDL_SGD_SCALE)));
	double	   *got = malloc(sizeof(double) * (size_t) m.n);

	memset(m.cipher.buf + 24, 0, 8);
	OK(ppdl_owner_decrypt_model(owner, m.net, m.cipher.buf, m.cipher.len, NULL, ERR));
	ppdl_net_get_weights(m.net, got);
	for (int i = 0; i < m.n; i++)
		assert_true(rint(got[i] / unit) * unit == got[i]);
	free(got);
	free_model(&m);
}

static int
setup(void **state)
{
	PpdlOwner  *owner;

	OK(ppdl_owner_generate(&owner, "hospital", ERR));
	*state = owner;
	return 0;
}

static int
teardown(void **state)
{
	ppdl_owner_destroy(*state);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decrypts),
		cmocka_unit_test(encrypts),
		cmocka_unit_test(refuses),
		cmocka_unit_test(stated_noise),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
