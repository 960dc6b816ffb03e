/* One step of gradient descent and one prediction for each kind of network against the plain twin; insecure degree. */
#include "step_fixture.h"

#define SQUARE "\"activation\":\"square\""
#define QUADRATIC "\"activation\":\"quadratic\""
#define CUBIC "\"activation\":{\"poly\":[0.1,0.8,-0.3,0.2]}"
#define CUBE "\"activation\":{\"poly\":[0,0,0,-1]}"
#define TANH "\"activation\":{\"name\":\"tanh\",\"degree\":3}"
#define SIGMOID "\"activation\":{\"name\":\"sigmoid\",\"degree\":3}"
#define FAINT "\"activation\":{\"poly\":[0,1,0.00390625]}"
#define NEGATIVE "\"activation\":{\"poly\":[0.1,0.5,-0.25]}"

static void
descend(Deep *d, const char *spec, const char *options, int steps)
{
	Descent    *s = descent_new(d, spec, options);

	descent_predict(s, 20);
	for (int i = 0; i < steps; i++)
		descent_step(s);
	descent_check(s, 20);
	descent_free(s);
}

static void
descend_variant(Deep *d, const char *layers, int inputs, int steps, int variant)
{
	const PpdlLoss loss = strstr(layers, "interval") != NULL ? PPDL_LOSS_LOGISTIC : PPDL_LOSS_SQUARED;
	char		spec[512],
				options[256];

	snprintf(spec, sizeof(spec), "{\"inputs\":%d,\"bias\":%s,\"layers\":[%s]}", inputs, variant & 1 ? "true" :
			 "false", layers);
	snprintf(options, sizeof(options), "{" INITIAL ",\"steps\":%d,\"momentum\":%g,\"loss\":\"%s\"}", steps,
			 variant & 2 ? 0.8 : 0, ppdl_loss_name(loss));
	descend(d, spec, options, steps);
}

/* as many steps as fit a bootstrap, without and with momentum, with biases and without */
static void
descend_all(const char *layers, int inputs, int steps)
{
	Deep	   *d = deep_new(11, 1);

	for (int variant = 0; variant < 4; variant++)
		descend_variant(d, layers, inputs, steps, variant);
	deep_free(d);
}

static void
one_hidden(void **state)
{
	descend_all("{\"units\":6," QUADRATIC "},{\"units\":1}", 13, 2);
	descend_all("{\"units\":7," NEGATIVE "},{\"units\":3}", 7, 2);
}

static void
two_hidden(void **state)
{
	descend_all("{\"units\":7," QUADRATIC "},{\"units\":5," NEGATIVE "},{\"units\":1}", 7, 1);
	descend_all("{\"units\":7," NEGATIVE "},{\"units\":3," SQUARE "},{\"units\":3}", 7, 1);
}

/* a level more a step for each layer of degree 3 */
static void
cubic(void **state)
{
	descend_all("{\"units\":7," CUBIC "},{\"units\":3}", 7, 1);
	descend_all("{\"units\":7," CUBE "},{\"units\":5," QUADRATIC "},{\"units\":1}", 7, 1);
	descend_all("{\"units\":7," QUADRATIC "},{\"units\":3," CUBIC "},{\"units\":3}", 7, 1);
	descend_all("{\"units\":7," TANH "},{\"units\":5," NEGATIVE "},{\"units\":2}", 7, 1);
	descend_all("{\"units\":7," SQUARE "},{\"units\":5," SIGMOID "},{\"units\":2}", 7, 1);
}

/* leading coefficients far from 1 */
static void
faint(void **state)
{
	descend_all("{\"units\":7," FAINT "},{\"units\":3}", 7, 2);
	descend_all("{\"units\":7," FAINT "},{\"units\":3," FAINT "},{\"units\":3}", 7, 1);
	descend_all("{\"units\":7," SIGMOID "},{\"units\":1}", 7, 1);
}

/* as many steps, with biases and momentum and without either */
static void
descend_twice(const char *layers, int inputs, int steps)
{
	Deep	   *d = deep_new(11, 1);

	for (int variant = 0; variant < 4; variant += 3)
		descend_variant(d, layers, inputs, steps, variant);
	deep_free(d);
}

/* no hidden layer: three steps a bootstrap */
static void
no_hidden(void **state)
{
	descend_all("{\"units\":1}", 13, 3);
	descend_twice("{\"units\":5}", 7, 3);
	descend_twice("{\"units\":3}", 2, 3);
	descend_twice("{\"units\":2}", 64, 1);
}

#define OUT(name, degree, interval) \
	",\"activation\":{\"name\":\"" name "\",\"degree\":" #degree ",\"interval\":" interval "}}"

/* outputs with a polynomial, without a hidden layer and with one */
static void
logistic(void **state)
{
	descend_all("{\"units\":1" OUT("tanh", 3, "[-2,2]"), 13, 2);
	descend_twice("{\"units\":3" OUT("sigmoid", 3, "[-4,4]"), 7, 2);
	descend_twice("{\"units\":5" OUT("tanh", 7, "[-3,3]"), 2, 1);
	descend_twice("{\"units\":1" OUT("sigmoid", 15, "[-8,9]"), 8, 1);
	descend_twice("{\"units\":2" OUT("tanh", 1, "[-0.7,0.5]"), 8, 2);
	descend_twice("{\"units\":6," QUADRATIC "},{\"units\":1" OUT("tanh", 3, "[-2,2]"), 13, 1);
	descend_twice("{\"units\":7," NEGATIVE "},{\"units\":2" OUT("tanh", 15, "[-2,2]"), 7, 1);
	descend_twice("{\"units\":7," CUBIC "},{\"units\":3" OUT("sigmoid", 7, "[-6,5]"), 7, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_hidden),
		cmocka_unit_test(logistic),
		cmocka_unit_test(one_hidden),
		cmocka_unit_test(two_hidden),
		cmocka_unit_test(cubic),
		cmocka_unit_test(faint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
