/* One step of gradient descent and one prediction for each kind of network against the plain twin; insecure degree. */
#include "sgd_fixture.h"

#define QUADRATIC "\"activation\":\"quadratic\""
#define NEGATIVE "\"activation\":{\"poly\":[0.1,0.5,-0.25]}"

static void
descend(const char *spec, const char *options, int steps)
{
	Deep	   *d = deep_new(11, 1);
	Descent    *s = descent_new(d, spec, options);

	descent_predict(s, 20);
	for (int i = 0; i < steps; i++)
		descent_step(s);
	descent_check(s, 20);
	descent_free(s);
	deep_free(d);
}

/* as many steps as fit a bootstrap, without and with momentum, with biases and without */
static void
descend_all(const char *layers, int inputs, int steps)
{
	for (int variant = 0; variant < 4; variant++)
	{
		char		spec[512],
					options[256];

		snprintf(spec, sizeof(spec), "{\"inputs\":%d,\"bias\":%s,\"layers\":[%s]}", inputs, variant & 1 ? "true" : "false", layers);
		snprintf(options, sizeof(options), "{" INITIAL ",\"steps\":%d,\"momentum\":%g}", steps, variant & 2 ? 0.8 : 0);
		descend(spec, options, steps);
	}
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
	descend_all("{\"units\":7," NEGATIVE "},{\"units\":3," QUADRATIC "},{\"units\":3}", 7, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_hidden),
		cmocka_unit_test(two_hidden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
