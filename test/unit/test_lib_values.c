/* libppdl on what servers answer: sums, packed values, values and predictions under RSA; made by the core. */
#include "comma_locale.h"
#include "rsa_fixture.h"

#include <math.h>
#include <ppdl.h>

#include "net/rsa_net.h"
#include "rows/cipher_read.h"
#include "rows/pack.h"
#include "rows/packed_writer.h"
#include "rows/sum.h"

#define WIDTH 3
#define ROWS 5

static const double x[ROWS][WIDTH] = {{0.5, -1, 0}, {0.25, 1, 0}, {-0.5, 0.125, 1}, {0, 0, 0}, {1, -0.25, 0.5}};

static ppdl_err *e;
static ppdl_key *key;
static uint8_t *cells;
static size_t cell_bytes;

#define DONE(expr) \
	do { \
		if ((expr) != 0) \
			fail_msg("%s: %d, %s", #expr, ppdl_err_code(e), ppdl_err_message(e)); \
	} while (0)

static int
set_up(void **state)
{
	/* two rows a batch: packed in a ring without switching keys, a ciphertext each */
	const ppdl_encryptor_options options = {.size = sizeof options, .inputs = WIDTH, .compact = 1, .batch_rows = 2};
	ppdl_encryptor_info info = {.size = sizeof info};
	ppdl_encryptor *encryptor;

	e = ppdl_err_new();
	DONE(ppdl_key_generate(&key, "hospital", e));
	DONE(ppdl_encryptor_new(&encryptor, key, &options, e));
	DONE(ppdl_encryptor_describe(encryptor, &info, e));
	cell_bytes = info.cell_bytes[0];
	cells = malloc(ROWS * cell_bytes);
	DONE(ppdl_encrypt(encryptor, x[0], NULL, ROWS, cells, NULL, e));
	ppdl_encryptor_free(encryptor);
	return fixture_setup(state);
}

static int
tear_down(void **state)
{
	free(cells);
	ppdl_key_free(key);
	ppdl_err_free(e);
	return fixture_teardown(state);
}

static ppdl_plain *
decrypted(ppdl_key *k, const void *data, size_t len, int32_t kind, uint64_t rows, ppdl_plain_info *info)
{
	ppdl_value_info what = {.size = sizeof what};
	ppdl_plain *plain;

	DONE(ppdl_value_describe(data, len, &what, e));
	assert_int_equal(what.kind, kind);
	assert_int_equal(what.rows, rows);
	assert_string_equal(what.fingerprint, ppdl_key_fingerprint(k));
	assert_int_equal(what.scheme, ppdl_key_scheme(k));
	DONE(ppdl_decrypt(&plain, k, data, len, 0, e));
	info->size = sizeof *info;
	DONE(ppdl_plain_describe(plain, info, e));
	assert_int_equal(info->rows, rows);
	return plain;
}

static void
test_sum(void **state)
{
	/* as the first release knew it: what is beyond is left alone */
	ppdl_value_info what = {.size = offsetof(ppdl_value_info, bound), .bound = -1};
	ppdl_plain_info info;
	ppdl_plain *plain;
	PpdlWriter	w;
	PpdlSum    *sum;

	(void) state;
	OK(ppdl_sum_create(&sum, &err));
	for (int r = 0; r < ROWS; r++)
		OK(ppdl_sum_add_bytes(sum, cells + (size_t) r * cell_bytes, cell_bytes, &err));
	ppdl_writer_init(&w);
	OK(ppdl_sum_finish(sum, ROWS, &w, &err));
	plain = decrypted(key, w.buf, w.len, PPDL_VALUE_ROW, 1, &info);
	assert_true(fabs(info.values[0] - 0.25) < 8 * info.error && fabs(info.values[2] - 0.3) < 8 * info.error);
	ppdl_plain_free(plain);
	DONE(ppdl_value_describe(w.buf, w.len, &what, e));
	assert_true(what.bound == -1);
	what.size = sizeof what;
	DONE(ppdl_value_describe(w.buf, w.len, &what, e));
	assert_true(fabs(what.bound - 1) < 1e-6);
	w.len = 0;
	OK(ppdl_sum_finish(sum, 1, &w, &err));
	DONE(ppdl_value_describe(w.buf, w.len, &what, e));
	assert_true(what.bound == ROWS);
	DONE(ppdl_value_describe(cells, cell_bytes, &what, e));
	assert_true(what.bound == 1);
	ppdl_writer_free(&w);
	ppdl_sum_destroy(sum);
}

static void
test_in_parts(void **state)
{
	ppdl_plain_info info;
	ppdl_plain *plain;
	PpdlCipher	c;
	PpdlWriter	w;
	PpdlSum    *sum;

	(void) state;
	OK(ppdl_sum_create(&sum, &err));
	OK(ppdl_cipher_parse(&c, cells, cell_bytes, &err));
	for (int i = 0; i < 2; i++)
		OK(ppdl_sum_add(sum, &c, (int64_t) (0.6 * ppdl_sum_reach(c.par, c.limbs, c.scale)), &err));
	ppdl_writer_init(&w);
	OK(ppdl_sum_finish(sum, 1, &w, &err));
	plain = decrypted(key, w.buf, w.len, PPDL_VALUE_PARTS, 1, &info);
	assert_int_equal(info.width, WIDTH);
	assert_true(fabs(info.values[1] / info.values[0] + 2) < 1e-3);
	ppdl_plain_free(plain);
	ppdl_writer_free(&w);
	ppdl_sum_destroy(sum);
}

/* the rows packed, with one that has no value at number 2 */
static void
pack(PpdlWriter *w)
{
	PpdlPool   *pool = ppdl_pool_create();
	PpdlPackedWriter *pw;
	PpdlCollector *col;
	PpdlPacked	packed;
	PpdlCipher	c;
	PpdlEval	ev;
	int			found,
				complete;

	OK(ppdl_collector_create(&col, 1, &err));
	for (int r = 0; r < ROWS; r++)
	{
		OK(ppdl_cipher_parse(&c, cells + (size_t) r * cell_bytes, cell_bytes, &err));
		OK(ppdl_collector_add(col, &c, (uint32_t) (r < 2 ? r : r + 1), &complete, &err));
	}
	OK(ppdl_eval_init(&ev, c.par, pool, NULL, &err));
	OK(ppdl_packed_writer_create(&pw, PPDL_LAYOUT_COEFFS, WIDTH, c.logk, c.fingerprint, &err));
	for (;;)
	{
		OK(ppdl_pack_next(&ev, col, &packed, &found, &err));
		if (!found)
			break;
		OK(ppdl_packed_writer_add(pw, &ev, &packed.ct, packed.ordinal, &err));
		ppdl_packed_release(&ev, &packed);
	}
	ppdl_writer_init(w);
	OK(ppdl_packed_writer_finish(pw, ROWS + 1, w, &err));
	ppdl_packed_writer_destroy(pw);
	ppdl_collector_destroy(col);
	ppdl_eval_fini(&ev);
	ppdl_pool_destroy(pool);
}

static int32_t
stop(void *arg)
{
	return ++*(int *) arg > 1;
}

static void
test_packed(void **state)
{
	ppdl_plain_info info;
	ppdl_plain *plain;
	PpdlWriter	w;
	int			asked = 0;

	(void) state;
	pack(&w);
	plain = decrypted(key, w.buf, w.len, PPDL_VALUE_PACKED, ROWS + 1, &info);
	assert_int_equal(info.held, ROWS);
	assert_int_equal(info.width, WIDTH);
	assert_non_null(info.places);
	assert_true(info.places[2] == UINT32_MAX);
	for (int r = 0; r < ROWS; r++)
		for (int i = 0; i < WIDTH; i++)
			assert_true(fabs(info.values[info.places[r < 2 ? r : r + 1] * WIDTH + (uint32_t) i] - x[r][i]) < 8 * info.error);
	ppdl_plain_free(plain);

	/* several ciphertexts: somebody is asked before each */
	ppdl_key_set_poll(key, stop, &asked);
	assert_int_equal(ppdl_decrypt(&plain, key, w.buf, w.len, 0, e), PPDL_E_CANCELED);
	assert_null(plain);
	assert_int_equal(asked, 2);
	ppdl_key_set_poll(key, NULL, NULL);
	DONE(ppdl_decrypt(&plain, key, w.buf, w.len, 0, e));
	ppdl_plain_free(plain);
	ppdl_writer_free(&w);
}

static ppdl_key *
rsa_key(void)
{
	ppdl_key   *k;

	DONE(ppdl_key_load(&k, "test/data/rsa-test.key", FIXTURE_PASSPHRASE, strlen(FIXTURE_PASSPHRASE), e));
	return k;
}

static void
test_rsa_number(void **state)
{
	static const char decimal[] = "123456789012345678901234567890";
	ppdl_key   *k = rsa_key();
	ppdl_plain_info info;
	ppdl_plain *plain;
	PpdlWriter	w;

	(void) state;
	ppdl_writer_init(&w);
	OK(ppdl_rsa_encrypt_integer(fixture_pub, decimal, NULL, &w, &err));
	plain = decrypted(k, w.buf, w.len, PPDL_VALUE_RSA, 1, &info);
	assert_string_equal(info.exact, decimal);
	assert_true(info.error == 0 && info.width == 1 && fabs(info.values[0] / 123456789012345678901234567890.0 - 1) < 1e-15);
	ppdl_plain_free(plain);
	assert_int_equal(ppdl_decrypt(&plain, key, w.buf, w.len, 0, e), PPDL_E_KEY);
	assert_non_null(strstr(ppdl_err_message(e), "is a key of lwe_cipher"));
	assert_int_equal(ppdl_decrypt(&plain, k, w.buf, w.len - 1, 0, e), PPDL_E_FORMAT);
	ppdl_writer_free(&w);
	ppdl_key_free(k);
}

/* with a decimal point, whatever the program has made of its own */
static void
test_rsa_fraction(void **state)
{
	ppdl_key   *k = rsa_key();
	PpdlRsaGrid grid;
	ppdl_plain_info info;
	ppdl_plain *plain;
	PpdlWriter	w;

	(void) state;
	ppdl_writer_init(&w);
	OK(ppdl_rsa_input_grid(&grid, 4, &err));
	OK(ppdl_rsa_encrypt_on_grid(fixture_pub, 0.25, &grid, 256, &w, &err));
	assert_true(comma_locale_begin());
	plain = decrypted(k, w.buf, w.len, PPDL_VALUE_RSA, 1, &info);
	/* 2/7 is the grid's nearest */
	assert_string_equal(info.exact, "0.285714285714286");
	assert_true(fabs(info.values[0] - 2 / 7.0) < 1e-12);
	ppdl_plain_free(plain);
	comma_locale_end();
	ppdl_writer_free(&w);
	ppdl_key_free(k);
}

static void
test_rsa_prediction(void **state)
{
	static const char spec[] = "{\"inputs\": 2, \"layers\": [{\"units\": 2, \"activation\": \"square\"}, {\"units\": 1}]}";
	static const double weight[] = {1, 0, 0, 1, 0, 0, 1, 1, 0.5},
				in[2] = {1, -1};
	ppdl_key   *k = rsa_key();
	ppdl_plain_info info;
	ppdl_plain *plain;
	PpdlRsaPredictor *predictor;
	PpdlRsaPrediction *prediction;
	PpdlRsaGrid grid[2];
	PpdlRsaLayer *layer;
	PpdlRsaView view[2];
	PpdlWriter	w[3];
	PpdlNet    *net;
	int			asked = 1;		/* the first question is answered by yes */

	(void) state;
	OK(ppdl_net_parse(&net, spec, &err));
	OK(ppdl_net_set_weights(net, weight, 9, &err));
	for (int i = 0; i < 3; i++)
		ppdl_writer_init(&w[i]);
	for (int i = 0; i < 2; i++)
	{
		OK(ppdl_rsa_input_grid(&grid[i], 4, &err));
		OK(ppdl_rsa_encrypt_on_grid(fixture_pub, in[i], &grid[i], 256, &w[i], &err));
		OK(ppdl_rsa_view(&view[i], w[i].buf, w[i].len, &err));
	}
	OK(ppdl_rsa_net_layer(&layer, net, grid, 4, &err));
	OK(ppdl_rsa_predictor_create(&predictor, fixture_pub, layer, &err));
	OK(ppdl_rsa_net_prediction(&prediction, fixture_pub, net, layer, &err));
	OK(ppdl_rsa_prediction_add_nulls(prediction, 1, &err));
	OK(ppdl_rsa_predictor_add(predictor, prediction, view, 2, &err));
	OK(ppdl_rsa_prediction_write(prediction, &w[2], &err));
	plain = decrypted(k, w[2].buf, w[2].len, PPDL_VALUE_RSA_PREDICTION, 2, &info);
	/* a row without values, which has no place; then z = (1, -1), y = 1 + 1 + 0.5 */
	assert_int_equal(info.held, 1);
	assert_int_equal(info.width, 1);
	assert_true(info.places[0] == UINT32_MAX && info.places[1] == 0);
	assert_true(fabs(info.values[0] - 2.5) < 1e-6);
	ppdl_plain_free(plain);
	ppdl_key_set_poll(k, stop, &asked);
	assert_int_equal(ppdl_decrypt(&plain, k, w[2].buf, w[2].len, 0, e), PPDL_E_CANCELED);
	for (int i = 0; i < 3; i++)
		ppdl_writer_free(&w[i]);
	ppdl_rsa_prediction_free(prediction);
	ppdl_rsa_predictor_free(predictor);
	ppdl_rsa_layer_free(layer);
	ppdl_net_destroy(net);
	ppdl_key_free(k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sum),
		cmocka_unit_test(test_in_parts),
		cmocka_unit_test(test_packed),
		cmocka_unit_test(test_rsa_number),
		cmocka_unit_test(test_rsa_fraction),
		cmocka_unit_test(test_rsa_prediction),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
