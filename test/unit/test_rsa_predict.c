/* Quantised layers, and predictions over encrypted rows against the same layer in the clear. */
#include "rsa_fixture.h"

#include <math.h>

#define INPUTS 16
#define UNITS 3

static double
uniform(unsigned *seed)
{
	return 2.0 * rand_r(seed) / RAND_MAX - 1;
}

static void
fill_grid(PpdlRsaGrid *grid, int n, int bits)
{
	for (int i = 0; i < n; i++)
		OK(ppdl_rsa_input_grid(&grid[i], bits, &err));
}

/* more weight bits, smaller error; small integers are found exactly */
static void
quantisation_error(void **state)
{
	unsigned	seed = (unsigned) fixture_seed("quantisation_error");
	double		weight[UNITS * INPUTS],
				bias[UNITS] = {0.1, -0.2, 0.3},
				last = INFINITY;
	PpdlRsaGrid grid[INPUTS];

	for (int i = 0; i < UNITS * INPUTS; i++)
		weight[i] = uniform(&seed);
	fill_grid(grid, INPUTS, 6);
	for (int bits = PPDL_RSA_MIN_WEIGHT_BITS; bits <= PPDL_RSA_MAX_WEIGHT_BITS; bits += 2)
	{
		PpdlRsaLayer *layer;
		double		sum = 0;

		OK(ppdl_rsa_layer_create(&layer, INPUTS, UNITS, weight, bias, grid, bits, &err));
		for (int u = 0; u < UNITS; u++)
			for (int i = 0; i < INPUTS; i++)
			{
				int			k = layer->weight[u * INPUTS + i];
				double		e = layer->unit[u].scale * k / grid[i].step - weight[u * INPUTS + i];

				assert_true(abs(k) < 1 << (bits - 1));
				sum += e * e;
			}
		sum = sqrt(sum / (UNITS * INPUTS));
		assert_true(sum < last / 2);
		last = sum;
		ppdl_rsa_layer_free(layer);
	}
	assert_true(last < 1.0 / 127);
}

static void
integers_are_exact(void **state)
{
	const double weight[] = {3, -2, 1, 0, -3, 1};
	const double bias[] = {0.5, 0};
	const double x[] = {1, -1, 1.0 / 7};
	PpdlRsaGrid grid[3];
	PpdlRsaLayer *layer;
	double		z[2];

	fill_grid(grid, 3, 4);
	OK(ppdl_rsa_layer_create(&layer, 3, 2, weight, bias, grid, 3, &err));
	for (int i = 0; i < 6; i++)
		assert_int_equal(layer->weight[i], (int) weight[i]);
	OK(ppdl_rsa_layer_apply(layer, x, z, &err));
	assert_true(fabs(z[0] - (3 + 2 + 1.0 / 7 + 0.5)) < 1e-12);
	assert_true(fabs(z[1] - (3 + 1.0 / 7)) < 1e-12);
	FAILS(PPDL_ERR_RANGE, "outside", ppdl_rsa_layer_apply(layer, (const double[]) {2, 0, 0}, z, &err));
	ppdl_rsa_layer_free(layer);
}

static void
bad_layers(void **state)
{
	double		weight[2] = {1, 2},
				bias[1] = {0};
	PpdlRsaGrid grid[2];
	PpdlRsaLayer *layer;

	fill_grid(grid, 2, 4);
	FAILS(PPDL_ERR_ARGUMENT, "not 1", ppdl_rsa_layer_create(&layer, 2, 1, weight, bias, grid, 1, &err));
	FAILS(PPDL_ERR_ARGUMENT, "not 9", ppdl_rsa_layer_create(&layer, 2, 1, weight, bias, grid, 9, &err));
	FAILS(PPDL_ERR_ARGUMENT, "0 inputs", ppdl_rsa_layer_create(&layer, 0, 1, weight, bias, grid, 4, &err));
	weight[1] = NAN;
	FAILS(PPDL_ERR_ARGUMENT, "unit 1, input 2", ppdl_rsa_layer_create(&layer, 2, 1, weight, bias, grid, 4, &err));
	weight[1] = 2;
	bias[0] = INFINITY;
	FAILS(PPDL_ERR_ARGUMENT, "bias of unit 1", ppdl_rsa_layer_create(&layer, 2, 1, weight, bias, grid, 4, &err));
	bias[0] = 0;
	grid[1].step = 0;
	FAILS(PPDL_ERR_ARGUMENT, "grid of input 2", ppdl_rsa_layer_create(&layer, 2, 1, weight, bias, grid, 4, &err));
	grid[1] = grid[0];
	grid[0].max = UINT32_MAX;
	FAILS(PPDL_ERR_RANGE, "unit 1", ppdl_rsa_layer_create(&layer, 2, 1, weight, bias, grid, 4, &err));
	assert_null(layer);

	/* a unit that looks at nothing */
	fill_grid(grid, 2, 4);
	weight[0] = weight[1] = 0;
	bias[0] = 0.25;
	OK(ppdl_rsa_layer_create(&layer, 2, 1, weight, bias, grid, 4, &err));
	assert_true(layer->unit[0].scale == 0 && layer->weight[0] == 0);
	ppdl_rsa_layer_free(layer);
}

/* encrypted inputs of one row */
typedef struct Row
{
	PpdlWriter	wire[INPUTS];
	PpdlRsaView view[INPUTS];
	double		x[INPUTS];
} Row;

static void
encrypt_row(Row *row, const PpdlRsaGrid *grid, int random_bits, unsigned *seed)
{
	for (int i = 0; i < INPUTS; i++)
	{
		row->x[i] = uniform(seed);
		ppdl_writer_init(&row->wire[i]);
		OK(ppdl_rsa_encrypt_on_grid(fixture_pub, row->x[i], &grid[i], random_bits, &row->wire[i], &err));
		OK(ppdl_rsa_view(&row->view[i], row->wire[i].buf, row->wire[i].len, &err));
	}
}

static void
free_row(Row *row)
{
	for (int i = 0; i < INPUTS; i++)
		ppdl_writer_free(&row->wire[i]);
}

static void
random_layer(PpdlRsaLayer **layer, const PpdlRsaGrid *grid, int weight_bits, unsigned *seed)
{
	double		weight[UNITS * INPUTS],
				bias[UNITS];

	for (int i = 0; i < UNITS * INPUTS; i++)
		weight[i] = uniform(seed);
	for (int u = 0; u < UNITS; u++)
		bias[u] = uniform(seed);
	OK(ppdl_rsa_layer_create(layer, INPUTS, UNITS, weight, bias, grid, weight_bits, &err));
}

/* rows split over two predictors and combined, with and without randomness: the plain layer's numbers, bit for bit */
static void
same_as_in_the_clear(void **state)
{
	static const char rest[] = "the other layers";
	unsigned	seed = (unsigned) fixture_seed("same_as_in_the_clear");

	for (int weight_bits = 2; weight_bits <= 4; weight_bits++)
		for (int random_bits = 0; random_bits <= 256; random_bits += 256)
		{
			PpdlRsaGrid grid[INPUTS];
			PpdlRsaLayer *layer;
			PpdlRsaPredictor *predictor;
			PpdlRsaPrediction *p[2];
			Row			row[4];
			PpdlWriter	w[2];
			PpdlRsaView view;
			PpdlRsaPredictionView prediction;
			double		z[6 * UNITS],
						expected[UNITS];

			fill_grid(grid, INPUTS, 4);
			random_layer(&layer, grid, weight_bits, &seed);
			OK(ppdl_rsa_predictor_create(&predictor, fixture_pub, layer, &err));
			for (int h = 0; h < 2; h++)
			{
				OK(ppdl_rsa_prediction_create(&p[h], fixture_pub, layer, rest, sizeof(rest), &err));
				for (int r = 0; r < 2; r++)
				{
					encrypt_row(&row[2 * h + r], grid, random_bits, &seed);
					OK(ppdl_rsa_predictor_add(predictor, p[h], row[2 * h + r].view, INPUTS, &err));
				}
				ppdl_writer_init(&w[h]);
			}
			/* the first two rows go through their wire form, as between processes */
			OK(ppdl_rsa_prediction_write(p[0], &w[0], &err));
			ppdl_rsa_prediction_free(p[0]);
			OK(ppdl_rsa_view(&view, w[0].buf, w[0].len, &err));
			OK(ppdl_rsa_prediction_load(&p[0], fixture_pub, 1, &view, &err));
			OK(ppdl_rsa_prediction_write(p[1], &w[1], &err));
			OK(ppdl_rsa_view(&view, w[1].buf, w[1].len, &err));
			OK(ppdl_rsa_prediction_add_nulls(p[0], 1, &err));
			OK(ppdl_rsa_prediction_append(p[0], &view, &err));
			assert_int_equal(ppdl_rsa_prediction_rows(p[0]), 6);
			w[0].len = 0;
			OK(ppdl_rsa_prediction_write(p[0], &w[0], &err));
			assert_int_equal(w[0].len, ppdl_rsa_prediction_size(p[0]));

			OK(ppdl_rsa_view(&view, w[0].buf, w[0].len, &err));
			OK(ppdl_rsa_prediction_view(&prediction, &view, &err));
			assert_int_equal(prediction.rows, 6);
			assert_int_equal(prediction.units, UNITS);
			assert_int_equal(prediction.rest_len, sizeof(rest));
			assert_memory_equal(prediction.rest, rest, sizeof(rest));
			OK(ppdl_rsa_prediction_decrypt(fixture_key, &view, NULL, NULL, NULL, z, &err));
			for (int u = 0; u < UNITS; u++)
			{
				assert_true(isnan(z[u]));	/* the rows without values: one before all others, one in the middle */
				assert_true(isnan(z[3 * UNITS + u]));
			}
			for (int r = 0; r < 4; r++)
			{
				OK(ppdl_rsa_layer_apply(layer, row[r].x, expected, &err));
				for (int u = 0; u < UNITS; u++)
					assert_true(z[(r < 2 ? r + 1 : r + 2) * UNITS + u] == expected[u]);
				free_row(&row[r]);
			}
			for (int h = 0; h < 2; h++)
			{
				ppdl_rsa_prediction_free(p[h]);
				ppdl_writer_free(&w[h]);
			}
			ppdl_rsa_predictor_free(predictor);
			ppdl_rsa_layer_free(layer);
		}
}

static int
stop_at_64(void *arg, uint32_t done, uint32_t rows)
{
	(*(int *) arg)++;
	assert_int_equal(rows, 200);
	return done >= 64;
}

/* rows without values cost nothing: the polls are what is counted */
static void
interrupted(void **state)
{
	const double weight[] = {1},
				bias[] = {0};
	PpdlRsaGrid grid;
	PpdlRsaLayer *layer;
	PpdlRsaPrediction *prediction;
	PpdlWriter	w;
	PpdlRsaView view;
	double		z[200];
	int			polls = 0;

	OK(ppdl_rsa_input_grid(&grid, 4, &err));
	OK(ppdl_rsa_layer_create(&layer, 1, 1, weight, bias, &grid, 4, &err));
	OK(ppdl_rsa_prediction_create(&prediction, fixture_pub, layer, NULL, 0, &err));
	OK(ppdl_rsa_prediction_add_nulls(prediction, 200, &err));
	ppdl_writer_init(&w);
	OK(ppdl_rsa_prediction_write(prediction, &w, &err));
	OK(ppdl_rsa_view(&view, w.buf, w.len, &err));
	FAILS(PPDL_ERR_CANCELED, "interrupted", ppdl_rsa_prediction_decrypt(fixture_key, &view, NULL, stop_at_64, &polls, z,
																		&err));
	assert_int_equal(polls, 2);
	ppdl_writer_free(&w);
	ppdl_rsa_prediction_free(prediction);
	ppdl_rsa_layer_free(layer);
}

static void
bad_rows(void **state)
{
	unsigned	seed = (unsigned) fixture_seed("bad_rows");
	PpdlRsaGrid grid[INPUTS],
				other[INPUTS];
	PpdlRsaLayer *layer,
			   *wide;
	PpdlRsaPredictor *p,
			   *q;
	PpdlRsaPrediction *narrow_rows,
			   *wide_rows;
	Row			row,
				off_grid;
	PpdlWriter	w;
	PpdlRsaView view;

	ppdl_writer_init(&w);
	fill_grid(grid, INPUTS, 4);
	fill_grid(other, INPUTS, 5);
	random_layer(&layer, grid, 4, &seed);
	random_layer(&wide, grid, 8, &seed);
	encrypt_row(&row, grid, 256, &seed);
	encrypt_row(&off_grid, other, 256, &seed);
	OK(ppdl_rsa_predictor_create(&p, fixture_pub, layer, &err));
	OK(ppdl_rsa_prediction_create(&narrow_rows, fixture_pub, layer, NULL, 0, &err));
	FAILS(PPDL_ERR_ARGUMENT, "16 inputs", ppdl_rsa_predictor_add(p, narrow_rows, row.view, INPUTS - 1, &err));
	FAILS(PPDL_ERR_SCALE, "input 1 is on the grid",
		  ppdl_rsa_predictor_add(p, narrow_rows, off_grid.view, INPUTS, &err));

	/* a weight vector that overflows: 127·(14 + 256) bits */
	OK(ppdl_rsa_predictor_create(&q, fixture_pub, wide, &err));
	OK(ppdl_rsa_prediction_create(&wide_rows, fixture_pub, wide, NULL, 0, &err));
	FAILS(PPDL_ERR_RANGE, "could wrap", ppdl_rsa_predictor_add(q, wide_rows, row.view, INPUTS, &err));
	assert_int_equal(ppdl_rsa_prediction_rows(wide_rows), 0);

	/* predictions of two networks do not combine; a prediction is no input */
	OK(ppdl_rsa_predictor_add(p, narrow_rows, row.view, INPUTS, &err));
	OK(ppdl_rsa_prediction_write(narrow_rows, &w, &err));
	OK(ppdl_rsa_view(&view, w.buf, w.len, &err));
	FAILS(PPDL_ERR_SCALE, "other weights", ppdl_rsa_predictor_add(p, wide_rows, row.view, INPUTS, &err));
	FAILS(PPDL_ERR_SCALE, "different networks", ppdl_rsa_prediction_append(wide_rows, &view, &err));
	row.view[3] = view;
	FAILS(PPDL_ERR_ARGUMENT, "input 4", ppdl_rsa_predictor_add(p, narrow_rows, row.view, INPUTS, &err));
	{
		PpdlRsaPlain plain;

		FAILS(PPDL_ERR_ARGUMENT, "prediction", ppdl_rsa_decrypt(fixture_key, &view, &plain, &err));
		FAILS(PPDL_ERR_ARGUMENT, "prediction", ppdl_rsa_power(fixture_pub, &view, 2, &w, &err));
	}
	ppdl_rsa_predictor_free(p);
	ppdl_rsa_predictor_free(q);
	ppdl_rsa_prediction_free(narrow_rows);
	ppdl_rsa_prediction_free(wide_rows);
	ppdl_rsa_layer_free(layer);
	ppdl_rsa_layer_free(wide);
	free_row(&row);
	free_row(&off_grid);
	ppdl_writer_free(&w);
}

/* cut and flipped predictions are refused or decrypt to finite numbers; nothing is read out of bounds */
static void
hostile_predictions(void **state)
{
	unsigned	seed = (unsigned) fixture_seed("hostile_predictions");
	PpdlRsaGrid grid[INPUTS];
	PpdlRsaLayer *layer;
	PpdlRsaPredictor *p;
	PpdlRsaPrediction *prediction;
	Row			row;
	PpdlWriter	w;
	PpdlRsaView view;

	ppdl_writer_init(&w);
	fill_grid(grid, INPUTS, 4);
	random_layer(&layer, grid, 2, &seed);
	encrypt_row(&row, grid, 0, &seed);
	OK(ppdl_rsa_predictor_create(&p, fixture_pub, layer, &err));
	OK(ppdl_rsa_prediction_create(&prediction, fixture_pub, layer, "abc", 3, &err));
	OK(ppdl_rsa_predictor_add(p, prediction, row.view, INPUTS, &err));
	OK(ppdl_rsa_prediction_write(prediction, &w, &err));
	for (size_t len = 0; len < w.len; len++)
	{
		uint8_t    *cut = malloc(len + 1);

		memcpy(cut, w.buf, len);
		FAILS(PPDL_ERR_FORMAT, "malformed", ppdl_rsa_view(&view, cut, len, &err));
		free(cut);
	}
	/* the last ciphertext not below n: seen as soon as the key is known */
	OK(ppdl_rsa_view(&view, w.buf, w.len, &err));
	OK(ppdl_rsa_view_check(&view, fixture_pub, &err));
	{
		uint8_t    *copy = malloc(w.len);

		memcpy(copy, w.buf, w.len);
		memset(copy + w.len - 384, 0xff, 384);
		OK(ppdl_rsa_view(&view, copy, w.len, &err));
		FAILS(PPDL_ERR_FORMAT, "not below the modulus", ppdl_rsa_view_check(&view, fixture_pub, &err));
		free(copy);
	}
	for (int i = 0; i < 20000; i++)
	{
		uint8_t    *copy = malloc(w.len);
		double		z[UNITS];
		size_t		at = (size_t) rand_r(&seed) % (i % 4 ? 200 : w.len);

		memcpy(copy, w.buf, w.len);
		copy[at] ^= (uint8_t) (1 + rand_r(&seed) % 255);
		if (ppdl_rsa_view(&view, copy, w.len, NULL) == PPDL_OK && i % 400 == 0 &&
			ppdl_rsa_prediction_decrypt(fixture_key, &view, NULL, NULL, NULL, z, NULL) == PPDL_OK)
			for (int u = 0; u < UNITS; u++)
				assert_true(isfinite(z[u]));
		free(copy);
	}
	ppdl_rsa_predictor_free(p);
	ppdl_rsa_prediction_free(prediction);
	ppdl_rsa_layer_free(layer);
	free_row(&row);
	ppdl_writer_free(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quantisation_error),
		cmocka_unit_test(integers_are_exact),
		cmocka_unit_test(bad_layers),
		cmocka_unit_test(same_as_in_the_clear),
		cmocka_unit_test(interrupted),
		cmocka_unit_test(bad_rows),
		cmocka_unit_test(hostile_predictions),
	};

	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
