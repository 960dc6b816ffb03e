/* A whole network over RSA rows: decrypted and finished, it says what its twin in the clear says. */
#include "rsa_fixture.h"

#include <math.h>

#include "net/activation.h"
#include "net/layer.h"
#include "net/rsa_net.h"

#define INPUTS 6
#define MOST_WEIGHTS 64
#define ROWS 5

static const char spec[] =
"{\"inputs\": 6, \"input_scale\": 2,"
" \"layers\": [{\"units\": 4, \"activation\": \"quadratic\"},"
"              {\"units\": 3, \"activation\": \"square\"},"
"              {\"units\": 2, \"activation\": \"identity\"}]}";

static double
uniform(unsigned *seed)
{
	return 2.0 * rand_r(seed) / RAND_MAX - 1;
}

/* six pixels; the second layer, without weights, is the owner's as any */
static const char conv_spec[] =
"{\"inputs\": 6, \"shape\": [2, 3],"
" \"layers\": [{\"conv2d\": {\"filters\": 2, \"kernel\": 2}, \"activation\": \"quadratic\"},"
"              {\"pool\": \"average\", \"size\": 1},"
"              {\"conv2d\": {\"filters\": 3, \"kernel\": 1}, \"activation\": \"square\"},"
"              {\"units\": 2}]}";

static PpdlNet *
random_net(const char *json, unsigned *seed)
{
	PpdlNet    *net;
	double		weight[MOST_WEIGHTS];
	int			count;

	OK(ppdl_net_parse(&net, json, &err));
	count = ppdl_net_weight_count(net);
	assert_in_range(count, 1, sizeof(weight) / sizeof(weight[0]));
	for (int i = 0; i < count; i++)
		weight[i] = 0.5 * uniform(seed);
	OK(ppdl_net_set_weights(net, weight, count, &err));
	return net;
}

static void
encrypted_row(PpdlWriter *w, PpdlRsaView *view, const double *x, const PpdlRsaGrid *grid)
{
	for (int i = 0; i < INPUTS; i++)
	{
		ppdl_writer_init(&w[i]);
		OK(ppdl_rsa_encrypt_on_grid(fixture_pub, x[i], &grid[i], 256, &w[i], &err));
		OK(ppdl_rsa_view(&view[i], w[i].buf, w[i].len, &err));
	}
}

/*
 * How far quantisation may move a unit's pre-activation at x: the inputs are half a step off at most; the weights'
 * squared error is at most that of the scale that puts the largest weight at top + 1/2, which rounds each by half
 * a scale, and what they cost together is bounded by Cauchy and Schwarz.
 */
static double
first_layer_error(const double *w, const double *x, double step, int top)
{
	double		largest = 0,
				points = 0,
				sum = 0;

	for (int i = 0; i < INPUTS; i++)
	{
		const double point = fabs(x[i]) / step + 0.5;

		largest = fmax(largest, fabs(w[i]) * step);
		points += point * point;
		sum += fabs(w[i]) * step / 2;
	}
	return sum + sqrt(INPUTS * points) * largest / (top + 0.5) / 2;
}

/* |act(z + e) - act(z)| for |e| <= error, where act has degree 2 or less */
static double
activation_error(const PpdlActivation *act, double z, double error)
{
	assert_true(ppdl_activation_degree(act) <= 2);
	return fabs(ppdl_activation_slope(act, z)) * error + (act->degree == 2 ? fabs(act->coef[2]) * error * error : 0);
}

/* bounds on what quantisation changes in the outputs for x; every layer as a dense one */
static void
quantisation_error(const PpdlNet *net, const double *x, double step, int weight_bits, double *error)
{
	double		value[PPDL_MAX_UNITS],
				next[PPDL_MAX_UNITS],
				next_error[PPDL_MAX_UNITS];

	for (int i = 0; i < INPUTS; i++)
		value[i] = x[i] * net->input_scale[i];
	for (int l = 0; l < net->nlayers; l++)
	{
		const PpdlLayer *layer = &net->layer[l];
		double		w[MOST_WEIGHTS],
					bias[MOST_WEIGHTS];

		assert_in_range(layer->units * layer->inputs, 1, MOST_WEIGHTS);
		ppdl_layer_map(layer, w, bias);
		for (int u = 0; u < layer->units; u++)
		{
			double		scaled[INPUTS],
						z = bias[u],
						e = 0;

			for (int i = 0; i < layer->inputs; i++)
			{
				z += w[u * layer->inputs + i] * value[i];
				if (l == 0)
					scaled[i] = w[u * layer->inputs + i] * net->input_scale[i];
				else
					e += fabs(w[u * layer->inputs + i]) * error[i];
			}
			if (l == 0)
				e = first_layer_error(scaled, x, step, (1 << (weight_bits - 1)) - 1);
			next[u] = ppdl_activation_value(&layer->act, z);
			next_error[u] = activation_error(&layer->act, z, e);
		}
		memcpy(value, next, sizeof(value));
		memcpy(error, next_error, sizeof(next_error));
	}
}

static void
check_error(const PpdlNet *net, const double *x, double step, int weight_bits, const double *quantised)
{
	double		plain[2],
				error[PPDL_MAX_UNITS];

	OK(ppdl_net_predict(net, x, plain, &err));
	quantisation_error(net, x, step, weight_bits, error);
	for (int o = 0; o < 2; o++)
		if (!(fabs(quantised[o] - plain[o]) <= error[o] + 1e-12))
			fail_msg("output %d: %g, in the clear %g, bound %g", o, quantised[o], plain[o], error[o]);
}

static void
check_network(const char *json, const char *name)
{
	unsigned	seed = (unsigned) fixture_seed(name);
	PpdlNet    *net = random_net(json, &seed);
	PpdlRsaGrid grid[INPUTS];
	PpdlRsaLayer *layer;
	PpdlRsaPredictor *predictor;
	PpdlRsaPrediction *prediction;
	PpdlRsaOutputs outputs;
	PpdlWriter	wire;
	PpdlRsaView view;
	double		x[ROWS][INPUTS];

	for (int i = 0; i < INPUTS; i++)
		OK(ppdl_rsa_input_grid(&grid[i], 6, &err));
	OK(ppdl_rsa_net_layer(&layer, net, grid, 4, &err));
	OK(ppdl_rsa_predictor_create(&predictor, fixture_pub, layer, &err));
	OK(ppdl_rsa_net_prediction(&prediction, fixture_pub, net, layer, &err));
	for (int r = 0; r < ROWS; r++)
	{
		PpdlWriter	w[INPUTS];
		PpdlRsaView input[INPUTS];

		for (int i = 0; i < INPUTS; i++)
			x[r][i] = uniform(&seed);
		encrypted_row(w, input, x[r], grid);
		OK(ppdl_rsa_predictor_add(predictor, prediction, input, INPUTS, &err));
		for (int i = 0; i < INPUTS; i++)
			ppdl_writer_free(&w[i]);
	}
	ppdl_writer_init(&wire);
	OK(ppdl_rsa_prediction_write(prediction, &wire, &err));
	OK(ppdl_rsa_view(&view, wire.buf, wire.len, &err));
	OK(ppdl_rsa_net_decrypt(&outputs, fixture_key, &view, NULL, NULL, NULL, &err));
	assert_int_equal(outputs.rows, ROWS);
	assert_int_equal(outputs.outputs, 2);
	for (int r = 0; r < ROWS; r++)
	{
		double		quantised[2];

		OK(ppdl_rsa_net_predict(net, layer, x[r], quantised, &err));
		for (int o = 0; o < 2; o++)
			assert_true(outputs.value[2 * r + o] == quantised[o]);
		check_error(net, x[r], grid[0].step, 4, quantised);
	}
	free(outputs.value);
	ppdl_writer_free(&wire);
	ppdl_rsa_prediction_free(prediction);
	ppdl_rsa_predictor_free(predictor);
	ppdl_rsa_layer_free(layer);
	ppdl_net_destroy(net);
}

static void
whole_network(void **state)
{
	check_network(spec, "whole_network");
}

/* the first layer is the sparse dense one that it is; the rest travels as convolution */
static void
convolution(void **state)
{
	check_network(conv_spec, "convolution");
}

/* finer grids and weights come arbitrarily close to the plain network */
static void
converges(void **state)
{
	unsigned	seed = (unsigned) fixture_seed("converges");
	PpdlNet    *net = random_net(spec, &seed);
	PpdlRsaGrid grid[INPUTS];
	PpdlRsaLayer *layer;

	for (int i = 0; i < INPUTS; i++)
		OK(ppdl_rsa_input_grid(&grid[i], 12, &err));
	OK(ppdl_rsa_net_layer(&layer, net, grid, 8, &err));
	for (int r = 0; r < 200; r++)
	{
		double		x[INPUTS],
					quantised[2];

		for (int i = 0; i < INPUTS; i++)
			x[i] = uniform(&seed);
		OK(ppdl_rsa_net_predict(net, layer, x, quantised, &err));
		check_error(net, x, grid[0].step, 8, quantised);
	}
	ppdl_rsa_layer_free(layer);
	ppdl_net_destroy(net);
}

/* what the layers after the first make infinite, or no number at all, is no value */
static void
values_are_finite(void **state)
{
	unsigned	seed = (unsigned) fixture_seed("values_are_finite");
	PpdlNet    *net = random_net(spec, &seed);
	double		w[6 * 4 + 4 + 4 * 3 + 3 + 3 * 2 + 2],
				y[2];
	const int	count = sizeof(w) / sizeof(w[0]);
	PpdlRsaGrid grid[INPUTS];
	PpdlRsaLayer *layer;
	const double x[INPUTS] = {0.5, 0.5, 0.5, 0.5, 0.5, 0.5};

	ppdl_net_get_weights(net, w);
	for (int i = 6 * 4 + 4; i < count; i++)
		w[i] = i % 2 ? 1e200 : -1e200;
	OK(ppdl_net_set_weights(net, w, count, &err));
	for (int i = 0; i < INPUTS; i++)
		OK(ppdl_rsa_input_grid(&grid[i], 6, &err));
	OK(ppdl_rsa_net_layer(&layer, net, grid, 4, &err));
	FAILS(PPDL_ERR_RANGE, "of the network is not finite", ppdl_rsa_net_predict(net, layer, x, y, &err));
	ppdl_rsa_layer_free(layer);
	ppdl_net_destroy(net);
}

/* a prediction that carries something else than a network, or one of other units */
static void
foreign_rest(void **state)
{
	unsigned	seed = (unsigned) fixture_seed("foreign_rest");
	PpdlNet    *net = random_net(spec, &seed);
	PpdlRsaGrid grid[INPUTS];
	PpdlRsaLayer *layer,
			   *narrow;
	PpdlRsaPrediction *prediction;
	PpdlRsaOutputs outputs;
	PpdlRsaView view;
	PpdlWriter	wire,
				rest;
	const double weight[INPUTS] = {1},
				bias[1] = {0};

	for (int i = 0; i < INPUTS; i++)
		OK(ppdl_rsa_input_grid(&grid[i], 4, &err));
	OK(ppdl_rsa_net_layer(&layer, net, grid, 4, &err));
	OK(ppdl_rsa_layer_create(&narrow, INPUTS, 1, weight, bias, grid, 4, &err));
	ppdl_writer_init(&wire);
	ppdl_writer_init(&rest);
	OK(ppdl_rsa_net_rest(net, &rest, &err));

	OK(ppdl_rsa_prediction_create(&prediction, fixture_pub, layer, "??", 2, &err));
	OK(ppdl_rsa_prediction_write(prediction, &wire, &err));
	OK(ppdl_rsa_view(&view, wire.buf, wire.len, &err));
	FAILS(PPDL_ERR_FORMAT, "does not carry a network",
		  ppdl_rsa_net_decrypt(&outputs, fixture_key, &view, NULL, NULL, NULL, &err));
	ppdl_rsa_prediction_free(prediction);

	for (int cut = 0; cut < 2; cut++)
	{
		wire.len = 0;
		OK(ppdl_rsa_prediction_create(&prediction, fixture_pub, cut ? layer : narrow, rest.buf, rest.len - (size_t) cut,
									  &err));
		OK(ppdl_rsa_prediction_write(prediction, &wire, &err));
		OK(ppdl_rsa_view(&view, wire.buf, wire.len, &err));
		FAILS(PPDL_ERR_FORMAT, "does not fit", ppdl_rsa_net_decrypt(&outputs, fixture_key, &view, NULL, NULL, NULL,
																	&err));
		assert_null(outputs.value);
		ppdl_rsa_prediction_free(prediction);
	}

	/* none of its rows is a prediction of no rows */
	wire.len = 0;
	OK(ppdl_rsa_net_prediction(&prediction, fixture_pub, net, layer, &err));
	OK(ppdl_rsa_prediction_write(prediction, &wire, &err));
	OK(ppdl_rsa_view(&view, wire.buf, wire.len, &err));
	OK(ppdl_rsa_net_decrypt(&outputs, fixture_key, &view, NULL, NULL, NULL, &err));
	assert_int_equal(outputs.rows, 0);
	free(outputs.value);
	ppdl_rsa_prediction_free(prediction);

	ppdl_writer_free(&wire);
	ppdl_writer_free(&rest);
	ppdl_rsa_layer_free(layer);
	ppdl_rsa_layer_free(narrow);
	ppdl_net_destroy(net);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_network),
		cmocka_unit_test(convolution),
		cmocka_unit_test(converges),
		cmocka_unit_test(values_are_finite),
		cmocka_unit_test(foreign_rest),
	};

	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
