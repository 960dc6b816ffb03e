/*
 * RSA without the server: a product a row against the bare GMP loop, encryption,
 * decryption, and the first layer of a network.
 */
#include <string.h>

#include "bench.h"
#include "rsa/rsa.h"

#define BITS 3072
#define INPUTS 16
#define UNITS 32
#define FRESH 512				/* ciphertexts, more than the level-1 cache holds */
#define REPEATS 7

static void
figure(const char *name, double value, const char *unit, const char *note)
{
	printf("%s\t%.6g\t%s\t%s\n", name, value, unit, note);
}

static PpdlWriter wire[FRESH];
static PpdlRsaView view[FRESH];

static void
make_fresh(const PpdlRsaPublic *pub)
{
	for (int i = 0; i < FRESH; i++)
	{
		char		text[16];

		snprintf(text, sizeof(text), "%d", 1 + i % 7);
		ppdl_writer_init(&wire[i]);
		OK(ppdl_rsa_encrypt_integer(pub, text, "7", &wire[i], &err));
		OK(ppdl_rsa_view(&view[i], wire[i].buf, wire[i].len, &err));
	}
}

/* as the aggregate does it: parse, check, multiply */
static double
product_of_rows(const PpdlRsaPublic *pub)
{
	PpdlRsaProduct *product;
	double		start;

	OK(ppdl_rsa_product_create(&product, pub, PPDL_RSA_PRODUCT, PPDL_RSA_REFUSE, &err));
	start = now();
	for (int i = 0; i < FRESH; i++)
	{
		PpdlRsaView row;

		OK(ppdl_rsa_view(&row, wire[i].buf, wire[i].len, &err));
		OK(ppdl_rsa_product_times(product, &row, &err));
	}
	start = now() - start;
	ppdl_rsa_product_free(product);
	return 1e9 * start / FRESH;
}

static double
product_by_gmp(const PpdlRsaPublic *pub)
{
	static mpz_t c[FRESH];
	mpz_t		n,
				product;
	mpz_srcptr	modulus = mpz_roinit_n(n, pub->n, (mp_size_t) pub->limbs);
	double		start;

	for (int i = 0; i < FRESH; i++)
	{
		mpz_init(c[i]);
		mpz_import(c[i], pub->bytes, 1, 1, 1, 0, ppdl_rsa_view_part(&view[i], 0) + 4);
	}
	mpz_init_set_ui(product, 1);
	start = now();
	for (int i = 0; i < FRESH; i++)
	{
		mpz_mul(product, product, c[i]);
		mpz_mod(product, product, modulus);
	}
	start = now() - start;
	for (int i = 0; i < FRESH; i++)
		mpz_clear(c[i]);
	mpz_clear(product);
	return 1e9 * start / FRESH;
}

static double
best_gmp(const PpdlRsaPublic *pub)
{
	double		best = 1e30;

	for (int r = 0; r < repeats(REPEATS); r++)
	{
		double		t = product_by_gmp(pub);

		if (t < best)
			best = t;
	}
	return best;
}

static void
bench_product(const PpdlRsaPublic *pub)
{
	double		ours = 1e30,
				gmp = 1e30;
	char		note[128];

	make_fresh(pub);
	for (int r = 0; r < repeats(REPEATS); r++)
	{
		double		t = product_of_rows(pub);

		if (t < ours)
			ours = t;
		t = product_by_gmp(pub);
		if (t < gmp)
			gmp = t;
	}
	snprintf(note, sizeof(note), "%d bits; parsing and checks of each row included; bare GMP loop %.0f ns", BITS, gmp);
	figure("rsa_product_ns_per_row", ours, "ns", note);
	figure("rsa_product_over_gmp", ours / gmp, "ratio", "the above against mpz_mul and mpz_mod of the same numbers");
}

static void
bench_values(const PpdlRsaKey *key)
{
	const PpdlRsaPublic *pub = ppdl_rsa_key_public(key);
	const int	count = 50;
	PpdlWriter	w;
	PpdlRsaView v;
	PpdlRsaPlain plain;
	double		encrypt = 1e30,
				decrypt = 1e30;
	char		note[64];

	ppdl_writer_init(&w);
	for (int r = 0; r < repeats(REPEATS); r++)
	{
		double		start = now(),
					t;

		for (int i = 0; i < count; i++)
		{
			w.len = 0;
			OK(ppdl_rsa_encrypt_count(pub, 1, 1, PPDL_RSA_RANDOM_BITS, &w, &err));
		}
		t = 1e6 * (now() - start) / count;
		if (t < encrypt)
			encrypt = t;
		OK(ppdl_rsa_view(&v, w.buf, w.len, &err));
		start = now();
		for (int i = 0; i < count / 5; i++)
		{
			OK(ppdl_rsa_decrypt(key, &v, &plain, &err));
			ppdl_rsa_plain_free(&plain);
		}
		t = 1e6 * (now() - start) / (count / 5);
		if (t < decrypt)
			decrypt = t;
	}
	snprintf(note, sizeof(note), "%d bits, exponent encoding, randomised", BITS);
	figure("rsa_encrypt_us", encrypt, "us", note);
	figure("rsa_decrypt_us", decrypt, "us", note);
	figure("rsa_row_bytes", (double) (INPUTS * w.len), "bytes",
		   "16 inputs, 3072 bits; array and tuple headers excluded");
	ppdl_writer_free(&w);
}

static void
bench_layer(const PpdlRsaPublic *pub, int weight_bits)
{
	static double weight[UNITS * INPUTS],
				bias[UNITS];
	PpdlRsaGrid grid[INPUTS];
	PpdlRsaLayer *layer;
	PpdlRsaPredictor *predictor;
	PpdlRsaPrediction *prediction;
	PpdlRsaView input[INPUTS];
	PpdlWriter	w[INPUTS];
	double		best = 1e30;
	char		name[64],
				note[128];

	srand(1);
	for (int i = 0; i < UNITS * INPUTS; i++)
		weight[i] = 2.0 * rand() / RAND_MAX - 1;
	for (int i = 0; i < INPUTS; i++)
	{
		OK(ppdl_rsa_input_grid(&grid[i], 4, &err));
		ppdl_writer_init(&w[i]);
		OK(ppdl_rsa_encrypt_on_grid(pub, 0.5, &grid[i], PPDL_RSA_RANDOM_BITS, &w[i], &err));
		OK(ppdl_rsa_view(&input[i], w[i].buf, w[i].len, &err));
	}
	OK(ppdl_rsa_layer_create(&layer, INPUTS, UNITS, weight, bias, grid, weight_bits, &err));
	OK(ppdl_rsa_predictor_create(&predictor, pub, layer, &err));
	for (int r = 0; r < repeats(REPEATS); r++)
	{
		double		start = now();

		OK(ppdl_rsa_prediction_create(&prediction, pub, layer, NULL, 0, &err));
		for (int i = 0; i < 20; i++)
			OK(ppdl_rsa_predictor_add(predictor, prediction, input, INPUTS, &err));
		start = (now() - start) / 20;
		if (start < best)
			best = start;
		if (r < repeats(REPEATS) - 1)
			ppdl_rsa_prediction_free(prediction);
	}
	snprintf(name, sizeof(name), "rsa_layer_rows_per_s_w%d", weight_bits);
	snprintf(note, sizeof(note),
			 "16 inputs, 32 units, weights to +-%d, 4-bit randomised inputs, one core; result %zu bytes a row",
			 (1 << (weight_bits - 1)) - 1, ppdl_rsa_prediction_size(prediction) / 20);
	figure(name, 1 / best, "rows/s", note);
	ppdl_rsa_prediction_free(prediction);
	ppdl_rsa_predictor_free(predictor);
	ppdl_rsa_layer_free(layer);
	for (int i = 0; i < INPUTS; i++)
		ppdl_writer_free(&w[i]);
}

/* with the argument "gmp", only nanoseconds of the bare GMP loop, for comparison with SQL */
int
main(int argc, char **argv)
{
	PpdlRsaKey *key;

	OK(ppdl_rsa_generate(&key, BITS, NULL, &err));
	if (argc > 1 && strcmp(argv[1], "gmp") == 0)
	{
		make_fresh(ppdl_rsa_key_public(key));
		printf("%.1f\n", best_gmp(ppdl_rsa_key_public(key)));
		return 0;
	}
	bench_product(ppdl_rsa_key_public(key));
	bench_values(key);
	for (int weight_bits = 2; weight_bits <= 4; weight_bits++)
		bench_layer(ppdl_rsa_key_public(key), weight_bits);
	for (int i = 0; i < FRESH; i++)
		ppdl_writer_free(&wire[i]);
	ppdl_rsa_key_free(key);
	return 0;
}
