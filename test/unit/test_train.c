/* Training in the clear: gradients, schedule, convergence, determinism. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/activation.h"
#include "net/prng.h"
#include "net/train.h"

#define SEED 20240611

static PpdlError err;

static PpdlNet *
parse(const char *json)
{
	PpdlNet    *net;

	if (ppdl_net_parse(&net, json, &err) != PPDL_OK)
		fail_msg("%s", err.message);
	return net;
}

static PpdlTrainOptions
options(const char *json)
{
	PpdlTrainOptions opt;

	if (ppdl_train_options_parse(&opt, json, &err) != PPDL_OK)
		fail_msg("%s", err.message);
	return opt;
}

/* known answers: the stream must never change, models' first weights depend on it */
static void
generator(void **state)
{
	PpdlPrng	r;
	double		sum = 0,
				squares = 0;

	ppdl_prng_init(&r, 1, 1);
	assert_true(ppdl_prng_next(&r) == 0x309714EC38D33B4Cu);
	assert_true(ppdl_prng_next(&r) == 0x1BC11473D28024A0u);
	for (int i = 0; i < 100000; i++)
	{
		double		z = ppdl_prng_normal(&r);

		sum += z;
		squares += z * z;
		assert_true(ppdl_prng_below(&r, 7) < 7);
	}
	assert_true(fabs(sum / 100000) < 0.02 && fabs(squares / 100000 - 1) < 0.02);
}

static long double
polynomial(const PpdlActivation *act, long double z)
{
	long double sum = 0;

	for (int k = act->degree; k >= 0; k--)
		sum = sum * z + act->coef[k];
	return sum;
}

/* the loss whose derivative by z is p(z) - target: the logistic one, with p for the function that p stands for */
static long double
matching_loss(const PpdlActivation *act, long double z, long double target)
{
	long double sum = 0;

	for (int k = act->degree; k >= 0; k--)
		sum = (sum + act->coef[k] / (k + 1.0L)) * z;
	return sum - target * z;
}

/* of one row, from the flat weights */
static long double
loss_of_row(const PpdlNet *net, const long double *w, PpdlLoss loss, const double *x, const double *y)
{
	long double a[16],
				z[16],
				sum = 0;

	for (int i = 0; i < net->inputs; i++)
		a[i] = (long double) x[i] * net->input_scale[i];
	for (int l = 0; l < net->nlayers; l++)
	{
		const PpdlLayer *layer = &net->layer[l];

		for (int u = 0; u < layer->units; u++)
		{
			z[u] = w[layer->units * layer->inputs + u];
			for (int i = 0; i < layer->inputs; i++)
				z[u] += w[u * layer->inputs + i] * a[i];
		}
		for (int u = 0; u < layer->units; u++)
			a[u] = polynomial(&layer->act, z[u]);
		w += layer->units * (layer->inputs + 1);
	}
	for (int j = 0; j < ppdl_net_outputs(net); j++)
	{
		const PpdlActivation *act = &net->layer[net->nlayers - 1].act;

		if (loss == PPDL_LOSS_SQUARED)
			sum += (a[j] - y[j]) * (a[j] - y[j]) / 2;
		else
			sum += matching_loss(act, z[j], strcmp(act->name, "sigmoid") == 0 ? (y[j] + 1.0L) / 2 : y[j]);
	}
	return sum;
}

#define FIT(name, degree) "\"activation\": {\"name\": \"" name "\", \"degree\": " #degree ", \"interval\": [-3, 3.5]}"

/* backpropagation against finite differences */
static void
numerical_gradient(void **state)
{
	static const struct
	{
		const char *layers;
		PpdlLoss	loss;
	}			cases[] = {
		{"{\"units\": 4, \"activation\": \"quadratic\"}, {\"units\": 1}", PPDL_LOSS_SQUARED},
		{"{\"units\": 4, \"activation\": \"square\"}, {\"units\": 3, \"activation\": {\"poly\": [0.1, 1, 0.2, -0.3]}},"
		 " {\"units\": 2, " FIT("sigmoid", 5) "}", PPDL_LOSS_SQUARED},
		{"{\"units\": 2}", PPDL_LOSS_SQUARED},
		{"{\"units\": 2, " FIT("tanh", 3) "}", PPDL_LOSS_LOGISTIC},
		{"{\"units\": 3, " FIT("sigmoid", 7) "}", PPDL_LOSS_LOGISTIC},
		{"{\"units\": 4, \"activation\": \"quadratic\"}, {\"units\": 2, " FIT("tanh", 15) "}", PPDL_LOSS_LOGISTIC},
	};
	PpdlPrng	r;

	printf("seed %d\n", SEED);
	ppdl_prng_init(&r, SEED, 0);
	for (size_t s = 0; s < sizeof(cases) / sizeof(cases[0]); s++)
	{
		char		json[512];
		PpdlTrainOptions opt = options("{\"init_scale\": 0.7}");
		PpdlNet    *net;
		double		x[15],
					y[15],
					w[64],
					g[64],
					loss;
		const int	index[] = {4, 0, 3};
		int			n,
					outputs;

		snprintf(json, sizeof(json), "{\"inputs\": 3, \"input_scale\": [1, 2, 0.5], \"layers\": [%s]}",
				 cases[s].layers);
		net = parse(json);
		n = ppdl_net_weight_count(net);
		outputs = ppdl_net_outputs(net);
		assert_in_range(n, 1, 64);
		for (int i = 0; i < 15; i++)
		{
			x[i] = 2 * ppdl_prng_uniform(&r) - 1;
			y[i] = 2 * ppdl_prng_uniform(&r) - 1;
		}
		assert_int_equal(ppdl_net_init(net, &opt, &err), PPDL_OK);
		ppdl_net_get_weights(net, w);
		for (int i = 0; i < n; i++)
			w[i] += 0.2 * ppdl_prng_uniform(&r);
		assert_int_equal(ppdl_net_set_weights(net, w, n, &err), PPDL_OK);
		assert_int_equal(ppdl_net_gradient(net, &(PpdlMiniBatch) {x, y, index, 3, cases[s].loss}, g, &loss, &err), PPDL_OK);
		for (int i = 0; i < n; i++)
		{
			const long double h = 1e-6L;
			long double shifted[64],
						difference = 0;

			for (int k = 0; k < n; k++)
				shifted[k] = w[k];
			for (int row = 0; row < 3; row++)
				for (int sign = -1; sign <= 1; sign += 2)
				{
					shifted[i] = w[i] + sign * h;
					difference += sign * loss_of_row(net, shifted, cases[s].loss, x + 3 * index[row],
													 y + outputs * index[row]);
				}
			assert_true(fabsl(difference / (6 * h) - g[i]) < 1e-10L * (1 + fabs(g[i])));
		}
		ppdl_net_destroy(net);
	}
}

/* With a close polynomial the loss that is told is the cross entropy: both agree with their definitions. */
static void
logistic_loss(void **state)
{
	static const double labels[] = {-1, -0.3, 0, 1};
	PpdlActivation tanh_act,
				sigmoid_act;

	assert_int_equal(ppdl_activation_fit(&tanh_act, "tanh", 15, -2, 2, &err), PPDL_OK);
	assert_int_equal(ppdl_activation_fit(&sigmoid_act, "sigmoid", 15, -4, 4, &err), PPDL_OK);
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		for (double z = -2; z <= 2; z += 0.125)
		{
			const double y = labels[i],
						want = (y + 1) / 2,
						p = 1 / (1 + exp(-2 * z)),
						entropy = -want * log(p) - (1 - want) * log(1 - p);

			assert_true(fabs(ppdl_loss_value(PPDL_LOSS_LOGISTIC, &tanh_act, z, tanh(z), y) - entropy) < 1e-12);
			assert_true(fabs(ppdl_loss_value(PPDL_LOSS_LOGISTIC, &sigmoid_act, 2 * z, p, y) - entropy) < 1e-12);
			assert_true(fabs(ppdl_loss_slope(PPDL_LOSS_LOGISTIC, &tanh_act, z, tanh(z), y) - 2 * (p - want)) < 1e-12);
			assert_true(fabs(ppdl_loss_slope(PPDL_LOSS_LOGISTIC, &sigmoid_act, 2 * z, p, y) - (p - want)) < 1e-12);
			assert_true(fabs(ppdl_activation_value(&tanh_act, z) + 1 - 2 * p) < 1e-4);
		}
}

/* classes of at least the asked size, as many as there may be; every row once before any row twice */
static void
schedule(void **state)
{
	static const struct
	{
		int			batch,
					rows,
					classes;
	}			cases[] = {{10, 23, 2}, {10, 19, 1}, {10, 20, 2}, {10, 4, 1}, {1, 23, 16}, {7, 1000, 32},
						   {256, 1600, 4}};
	PpdlTrainOptions opt = options("{\"seed\": 5}");
	int			seen[1600],
				index[1600],
				count;

	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++)
	{
		const int	rows = cases[c].rows,
					m = cases[c].classes;

		opt.batch = cases[c].batch;
		assert_int_equal(ppdl_train_minibatches(&opt, (uint64_t) rows), m);
		memset(seen, 0, sizeof(seen));
		for (int step = 0; step < 2 * m; step++)
		{
			const int	class = ppdl_train_minibatch(&opt, (uint64_t) rows, step);

			assert_in_range(class, 0, m - 1);
			assert_int_equal(class, ppdl_train_minibatch(&opt, (uint64_t) rows, step + m));
			ppdl_train_batch(&opt, rows, step, index, &count);
			assert_true(count >= (opt.batch < rows ? opt.batch : rows));
			for (int i = 0; i < count; i++)
			{
				assert_int_equal(index[i] % m, class);
				seen[index[i]]++;
			}
		}
		for (int i = 0; i < rows; i++)
			assert_int_equal(seen[i], 2);
	}
	opt.shuffle = 0;
	for (int step = 0; step < 9; step++)
		assert_int_equal(ppdl_train_minibatch(&opt, 1600, step), step % 4);
	assert_int_equal(ppdl_train_steps(&opt, 1000), 15);
	opt = options("{\"batch\": 100, \"epochs\": 2.5}");
	assert_int_equal(ppdl_train_steps(&opt, 1000), 20);
	assert_int_equal(ppdl_train_steps(&opt, 1), 3);
}

/* the rate of each step; options of before there were schedules are written as they were */
static void
rates(void **state)
{
	PpdlTrainOptions opt = options("{\"learning_rate\": 0.4, \"schedule\": \"cosine\"}"),
				again;
	char	   *json;

	(void) state;
	assert_true(ppdl_train_rate(&opt, 0, 8) == 0.4);
	assert_true(fabs(ppdl_train_rate(&opt, 4, 8) - 0.2) < 1e-15);
	assert_true(fabs(ppdl_train_rate(&opt, 2, 8) - 0.2 * (1 + sqrt(0.5))) < 1e-15);
	for (int step = 1; step < 8; step++)
		assert_true(ppdl_train_rate(&opt, step, 8) < ppdl_train_rate(&opt, step - 1, 8));
	assert_true(ppdl_train_rate(&opt, 7, 8) > 0);
	assert_int_equal(ppdl_train_options_json(&opt, &json, &err), PPDL_OK);
	assert_int_equal(ppdl_train_options_parse(&again, json, &err), PPDL_OK);
	assert_int_equal(again.schedule, PPDL_SCHEDULE_COSINE);
	free(json);
	opt = options("{\"schedule\": \"constant\"}");
	for (int step = 0; step < 8; step++)
		assert_true(ppdl_train_rate(&opt, step, 8) == opt.learning_rate);
	assert_int_equal(ppdl_train_options_json(&opt, &json, &err), PPDL_OK);
	assert_null(strstr(json, "schedule"));
	free(json);
}

/* one step of two takes the first weights by half the rate of the schedule's beginning */
static void
rate_a_step(void **state)
{
	const char *spec = "{\"inputs\":1,\"bias\":false,\"layers\":[{\"units\":1}]}";
	const double x[1] = {1},
				y[1] = {1};
	PpdlTrainOptions opt = options("{\"steps\":2,\"momentum\":0,\"init_scale\":0,\"schedule\":\"cosine\"}");
	PpdlNet    *net;
	double		w[2];

	(void) state;
	assert_int_equal(ppdl_net_parse(&net, spec, &err), PPDL_OK);
	assert_int_equal(ppdl_net_train(net, x, y, 1, &opt, NULL, &err), PPDL_OK);
	ppdl_net_get_weights(net, w);
	/* 1 - w shrinks by 1 - 0.2, then by 1 - 0.1 */
	assert_true(fabs(w[0] - (1 - 0.8 * 0.9)) < 1e-15);
	ppdl_net_destroy(net);
}

static void
bad_options(void **state)
{
	static const char *const bad[] = {
		"{", "[]", "{\"step\": 3}", "{\"steps\": 0}", "{\"steps\": 1.5}", "{\"steps\": 2, \"epochs\": 1}",
		"{\"batch\": 0}", "{\"learning_rate\": 0}", "{\"momentum\": 1}", "{\"seed\": -1}", "{\"shuffle\": 1}",
		"{\"schedule\": \"linear\"}", "{\"schedule\": 1}",
		"{\"init_scale\": -1}", "{\"learning_rate\": \"fast\"}", "{\"loss\": \"hinge\"}", "{\"loss\": 1}"
	};
	PpdlTrainOptions opt;
	char	   *json;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
	{
		err.message[0] = '\0';
		assert_int_not_equal(ppdl_train_options_parse(&opt, bad[i], &err), PPDL_OK);
		assert_true(err.message[0] != '\0');
	}
	opt = options("{\"epochs\": 2, \"shuffle\": false, \"seed\": 77, \"momentum\": 0.5, \"loss\": \"logistic\"}");
	assert_int_equal(ppdl_train_options_json(&opt, &json, &err), PPDL_OK);
	assert_string_equal(json, "{\"epochs\": 2, \"batch\": 256, \"learning_rate\": 0.2, "
						"\"momentum\": 0.5, \"init_scale\": 0.2, \"seed\": 77, \"shuffle\": false, \"loss\": \"logistic\"}");
	free(json);
}

#define ROWS 600

/* ring against centre: no linear model can tell them apart */
static void
make_rings(double *x, double *y)
{
	PpdlPrng	r;

	ppdl_prng_init(&r, SEED, 3);
	for (int i = 0; i < ROWS; i++)
	{
		double		angle = 2 * M_PI * ppdl_prng_uniform(&r);
		int			outer = i % 2;
		double		radius = (outer ? 0.7 : 0.2) + 0.1 * ppdl_prng_uniform(&r);

		x[2 * i] = radius * cos(angle);
		x[2 * i + 1] = radius * sin(angle);
		y[i] = outer ? 1 : -1;
	}
}

static void
count_steps(void *arg, uint64_t step, uint64_t steps, const char *what)
{
	assert_int_equal(steps, 200);
	assert_int_equal(step, ++*(int *) arg - 1);
	assert_string_equal(what, "step");
}

static void
convergence(void **state)
{
	static double x[2 * ROWS],
				y[ROWS];
	const char *json = "{\"inputs\": 2, \"input_scale\": 2, \"layers\": [{\"units\": 8, \"activation\": \"quadratic\"}, {\"units\": 1}]}";
	PpdlTrainOptions opt = options("{\"steps\": 200, \"batch\": 64, \"learning_rate\": 0.1, \"momentum\": 0.8, \"init_scale\": 0.5}");
	PpdlNet    *a = parse(json),
			   *b = parse(json);
	double		wa[33],
				wb[33];
	int			right = 0,
				calls = 0;

	make_rings(x, y);
	assert_int_equal(ppdl_net_weight_count(a), 33);
	assert_int_equal(ppdl_net_train(a, x, y, ROWS, &opt, &(PpdlTrainWatch) {.progress = count_steps, .arg = &calls},
									&err), PPDL_OK);
	assert_int_equal(calls, 200);
	for (int i = 0; i < ROWS; i++)
	{
		double		o;

		assert_int_equal(ppdl_net_predict(a, x + 2 * i, &o, &err), PPDL_OK);
		right += (o > 0) == (y[i] > 0);
	}
	printf("rings: %d of %d right\n", right, ROWS);
	assert_true(right >= ROWS * 0.99);
	assert_int_equal(ppdl_net_train(b, x, y, ROWS, &opt, NULL, &err), PPDL_OK);
	ppdl_net_get_weights(a, wa);
	ppdl_net_get_weights(b, wb);
	assert_memory_equal(wa, wb, sizeof(wa));
	opt.seed++;
	ppdl_net_destroy(b);
	b = parse(json);
	assert_int_equal(ppdl_net_train(b, x, y, ROWS, &opt, NULL, &err), PPDL_OK);
	ppdl_net_get_weights(b, wb);
	assert_memory_not_equal(wa, wb, sizeof(wa));
	ppdl_net_destroy(a);
	ppdl_net_destroy(b);
}

static int
always(void *arg)
{
	return 1;
}

/* ends the run at a count */
static int
count_down(void *arg)
{
	return --*(int *) arg <= 0;
}

/* a mini-batch of many rows is left in the middle */
static void
canceled_within_a_step(void **state)
{
	static double x[2 * ROWS],
				y[ROWS];
	PpdlNet    *net = parse("{\"inputs\": 2, \"layers\": [{\"units\": 8, \"activation\": \"quadratic\"}, {\"units\": 1}]}");
	PpdlTrainOptions opt = options("{\"steps\": 1, \"batch\": 1000}");
	int			left = 10;

	make_rings(x, y);
	assert_int_equal(ppdl_net_train(net, x, y, ROWS, &opt, &(PpdlTrainWatch) {.poll = {count_down, &left}}, &err),
					 PPDL_ERR_CANCELED);
	assert_int_equal(left, 0);
	ppdl_net_destroy(net);
}

/* However few steps there are, and whatever is too large, training either says so or leaves usable weights. */
static void
divergence(void **state)
{
	static double x[2 * ROWS],
				y[ROWS];
	static const char *const activation[] = {"square", "quadratic", "identity"};
	static const char *const output[] = {"}", ",\"activation\":\"tanh\"}"};
	int			failed = 0,
				good = 0;

	make_rings(x, y);
	for (int a = 0; a < 3 * 2; a++)
		for (int rate = -8; rate <= 9; rate++)
			for (int steps = 1; steps <= 12; steps += 1 + a / 3)
			{
				char		json[200],
							text[100];
				double		w[33],
							o;
				PpdlNet    *net;
				PpdlTrainOptions opt;

				snprintf(json, sizeof(json),
						 "{\"inputs\": 2, \"layers\": [{\"units\": 8, \"activation\": \"%s\"}, {\"units\": 1%s]}", activation[a % 3],
						 output[a / 3]);
				snprintf(text, sizeof(text),
						 "{\"steps\": %d, \"learning_rate\": %g, \"init_scale\": %g, \"loss\": \"%s\"}", steps,
						 ldexp(1, rate), a < 3 ? 2 : 0.5, ppdl_loss_name((PpdlLoss) (a / 3)));
				net = parse(json);
				opt = options(text);
				if (ppdl_net_train(net, x, y, ROWS, &opt, NULL, &err) != PPDL_OK)
				{
					assert_int_equal(err.code, PPDL_ERR_RANGE);
					assert_non_null(strstr(err.message, "training diverged in step"));
					assert_non_null(strstr(err.hint, "learning_rate"));
					failed++;
				}
				else
				{
					double		square = 0;

					ppdl_net_get_weights(net, w);
					for (int i = 0; i < 33; i++)
						assert_true(fabs(w[i]) <= PPDL_WEIGHT_RANGE);
					assert_int_equal(ppdl_net_check_range(net, &err), PPDL_OK);
					for (int i = 0; i < ROWS; i++)
					{
						assert_int_equal(ppdl_net_predict(net, x + 2 * i, &o, &err), PPDL_OK);
						square += (o - y[i]) * (o - y[i]) / ROWS;
					}
					/* the last mini-batch is within it; all rows are much like it */
					assert_true(sqrt(square) <= 1.5 * (PPDL_OUTPUT_RANGE + 1));
					good++;
				}
				ppdl_net_destroy(net);
			}
	printf("%d diverge, %d do not\n", failed, good);
	assert_true(failed > 100 && good > 100);
}

static void
refusals(void **state)
{
	static double x[2 * ROWS],
				y[ROWS];
	PpdlNet    *net = parse("{\"inputs\": 2, \"layers\": [{\"units\": 8, \"activation\": \"square\"}, {\"units\": 1}]}");
	PpdlTrainOptions opt = options("{\"steps\": 200, \"learning_rate\": 100, \"init_scale\": 2}");

	make_rings(x, y);
	assert_int_equal(ppdl_net_train(net, x, y, 0, &opt, NULL, &err), PPDL_ERR_ARGUMENT);
	assert_int_equal(ppdl_net_train(net, x, y, ROWS, &opt, &(PpdlTrainWatch) {.poll = {always, NULL}}, &err),
					 PPDL_ERR_CANCELED);
	assert_int_equal(ppdl_net_train(net, x, y, ROWS, &opt, NULL, &err), PPDL_ERR_RANGE);
	assert_non_null(strstr(err.message, "diverged"));
	opt.loss = PPDL_LOSS_LOGISTIC;
	assert_int_equal(ppdl_net_train(net, x, y, ROWS, &opt, NULL, &err), PPDL_ERR_ARGUMENT);
	assert_non_null(strstr(err.message, "tanh or sigmoid, the output layer of this network has identity"));
	opt.loss = PPDL_LOSS_SQUARED;
	y[4] = 2;
	assert_int_equal(ppdl_net_train(net, x, y, ROWS, &opt, NULL, &err), PPDL_ERR_RANGE);
	assert_non_null(strstr(err.message, "row 5"));
	y[4] = 0;
	x[9] = NAN;
	assert_int_equal(ppdl_net_train(net, x, y, ROWS, &opt, NULL, &err), PPDL_ERR_RANGE);
	assert_non_null(strstr(err.message, "row 5, input 2"));
	ppdl_net_destroy(net);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(generator),
		cmocka_unit_test(numerical_gradient),
		cmocka_unit_test(logistic_loss),
		cmocka_unit_test(schedule),
		cmocka_unit_test(rates),
		cmocka_unit_test(rate_a_step),
		cmocka_unit_test(bad_options),
		cmocka_unit_test(convergence),
		cmocka_unit_test(canceled_within_a_step),
		cmocka_unit_test(divergence),
		cmocka_unit_test(refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
