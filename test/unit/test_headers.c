/*
 * What leaves the owner in the clear: the head of each value it encrypts.  Values of all sizes are encrypted in the
 * same way; all that is not random must come out the same.
 */
#include "rows_util.h"

#include "ckks/wire.h"
#include "owner/owner.h"
#include "rows/row.h"
#include "rsa/rsa.h"

#define ROUNDS 12

static PpdlOwner *owner;

static int
setup(void **state)
{
	OK(ppdl_owner_generate(&owner, "hospital", ERR));
	return 0;
}

static int
teardown(void **state)
{
	ppdl_owner_destroy(owner);
	return 0;
}

/* largest value of a round: zero, the whole range, and all orders of magnitude between */
static double
magnitude(int round)
{
	return round == 0 ? 0 : round == 1 ? 1 : ldexp(1, -2 * round);
}

static void
random_values(double *x, size_t n, double most)
{
	for (size_t i = 0; i < n; i++)
		x[i] = most * test_value();
	if (n > 0)
		x[test_below((int) n)] = most;
}

/* keeps the first head, compares the others with it */
static void
same_head(uint8_t **first, const uint8_t *head, size_t len, int round, const char *what)
{
	if (round == 0)
	{
		*first = malloc(len);
		memcpy(*first, head, len);
	}
	for (size_t i = 0; i < len; i++)
		if ((*first)[i] != head[i])
			fail_msg("%s: byte %zu of the head depends on the values", what, i);
	if (round == ROUNDS - 1)
		free(*first);
}

/* features and labels: all but the seed, which is random */
static void
slices(void **state)
{
	for (int limbs = 1; limbs <= 8; limbs += 7)
		for (int width = 1; width <= 16; width += 15)
		{
			const PpdlBatchOptions opt = {limbs, 30, 6};
			const int	rows = 40;
			const PpdlParams *par;
			uint8_t    *first[40];
			uint8_t    *out;
			size_t		size;
			double		x[40 * 16];

			OK(ppdl_params_get(PPDL_RING_ROW, &par, ERR));
			size = ppdl_slice_size(par, limbs, ppdl_log2_width(width));
			out = malloc(size * (size_t) rows);
			for (int round = 0; round < ROUNDS; round++)
			{
				random_values(x, (size_t) rows * (size_t) width, magnitude(round));
				OK(ppdl_owner_encrypt(owner, out, x, rows, width, &opt, ERR));
				for (int r = 0; r < rows; r++)
					same_head(&first[r], out + (size_t) r * size, 28, round, "slice");
			}
			free(out);
		}
}

static void
explicit_rows(void **state)
{
	PpdlRng    *rng = test_rng();
	PpdlPublicKey *pk;
	PpdlWriter	key,
				row;
	PpdlReader	r;
	uint8_t    *first = NULL;
	double		x[5];

	ppdl_writer_init(&key);
	ppdl_writer_init(&row);
	OK(ppdl_owner_public_key(owner, &key, ERR));
	r = ppdl_reader(key.buf, key.len);
	OK(ppdl_wire_get_public_key(&r, &pk, ERR));
	for (int round = 0; round < ROUNDS; round++)
	{
		random_values(x, 5, magnitude(round));
		row.len = 0;
		OK(ppdl_row_encrypt_public(&row, x, 5, 2, 30, &(PpdlRowKey) {pk, ppdl_owner_fingerprint(owner), rng}, ERR));
		same_head(&first, row.buf, 48, round, "row");
	}
	ppdl_public_key_destroy(pk);
	ppdl_writer_free(&key);
	ppdl_writer_free(&row);
	ppdl_rng_destroy(rng);
}

static double
header_bound(const PpdlWriter *w)
{
	PpdlCipher	c;

	OK(ppdl_cipher_parse(&c, w->buf, w->len, ERR));
	return c.bound;
}

/* what the owner declares for the length of the weights of a unit, and nothing else */
static void
models(void **state)
{
	static const char *const spec[] = {
		"{\"inputs\":5,\"layers\":[{\"units\":3,\"activation\":\"quadratic\"},{\"units\":2}]}",
		"{\"inputs\":5,\"layers\":[{\"units\":3,\"activation\":\"quadratic\"},{\"units\":4,\"activation\":\"square\"},{\"units\":1}]}"
	};

	for (int within = 1; within <= PPDL_MAX_WEIGHT_LENGTH; within *= 4)
		for (int s = 0; s < 2; s++)
		{
			uint8_t    *first = NULL;
			PpdlNet    *net;
			PpdlWriter	w;
			double		x[200];
			int			n;

			OK(ppdl_net_parse(&net, spec[s], ERR));
			n = ppdl_net_weight_count(net);
			assert_true(n <= 200);
			ppdl_writer_init(&w);
			for (int round = 0; round < ROUNDS; round++)
			{
				/* no unit has more than five inputs and its bias */
				random_values(x, (size_t) n, within / sqrt(6.01) * magnitude(round));
				OK(ppdl_net_set_weights(net, x, n, ERR));
				w.len = 0;
				OK(ppdl_owner_encrypt_model(owner, net, within, &w, ERR));
				same_head(&first, w.buf, 56 + 4 * (size_t) (1 + s), round, "model");
			}
			assert_float_equal(header_bound(&w), within, 0);
			x[0] = within * 1.01;
			OK(ppdl_net_set_weights(net, x, n, ERR));
			FAILS(PPDL_ERR_RANGE, ppdl_owner_encrypt_model(owner, net, within, &w, ERR));
			ppdl_writer_free(&w);
			ppdl_net_destroy(net);
		}
}

static void
rsa_values(void **state)
{
	PpdlRsaKey *key;
	const PpdlRsaPublic *pub;
	PpdlRsaGrid grid;
	PpdlWriter	w;
	uint8_t    *count = NULL,
			   *point = NULL,
			   *product = NULL;

	OK(ppdl_rsa_generate(&key, 3072, NULL, ERR));
	pub = ppdl_rsa_key_public(key);
	OK(ppdl_rsa_input_grid(&grid, 4, ERR));
	ppdl_writer_init(&w);
	for (int round = 0; round < ROUNDS; round++)
	{
		char		text[32];

		w.len = 0;
		OK(ppdl_rsa_encrypt_count(pub, (uint32_t) (255 * magnitude(round)), 255, PPDL_RSA_RANDOM_BITS, &w, ERR));
		same_head(&count, w.buf, PPDL_RSA_HEADER_BYTES + 4, round, "count");
		w.len = 0;
		OK(ppdl_rsa_encrypt_on_grid(pub, (round % 2 ? -1 : 1) * magnitude(round), &grid, PPDL_RSA_RANDOM_BITS, &w,
									ERR));
		same_head(&point, w.buf, PPDL_RSA_HEADER_BYTES + 4, round, "value on a grid");
		w.len = 0;
		snprintf(text, sizeof(text), "%.0f", 1 + (0x1p52 - 1) * magnitude(round));
		OK(ppdl_rsa_encrypt_integer(pub, text, "4503599627370496", &w, ERR));
		same_head(&product, w.buf, PPDL_RSA_HEADER_BYTES + 4, round, "product");
	}
	ppdl_writer_free(&w);
	ppdl_rsa_key_free(key);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slices),
		cmocka_unit_test(explicit_rows),
		cmocka_unit_test(models),
		cmocka_unit_test(rsa_values),
	};

	test_seed("test_headers");
	return cmocka_run_group_tests(tests, setup, teardown);
}
