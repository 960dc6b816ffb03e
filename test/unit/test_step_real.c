/*
 * Two steps of gradient descent with a bootstrap between them, and one of logistic regression, at the real degree,
 * N = 2^16, with no other keys than owners publish.
 */
#include "step_fixture.h"

static void
steps_real(void **state)
{
	Deep	   *d = deep_new(16, 2);
	Descent    *s = descent_new(d,
								"{\"inputs\":8,\"bias\":false,\"layers\":[{\"units\":8,\"activation\":\"quadratic\"},"
								"{\"units\":4,\"activation\":{\"poly\":[0,0.9,0.1,-0.05]}},{\"units\":3}]}",
								"{" INITIAL ",\"steps\":2,\"momentum\":0.8}");
	double		t = seconds();

	descent_step(s);
	print_message("first step, with making of keys: %.1f s\n", seconds() - t);
	descent_refresh(s);
	t = seconds();
	descent_step(s);
	print_message("second step, %d rows: %.1f s\n", s->rows, seconds() - t);
	descent_check(s, 18);
	descent_free(s);
	/* and one more, with the same keys */
	t = seconds();
	s = descent_new(d,
					"{\"inputs\":15,\"layers\":[{\"units\":1,\"activation\":{\"name\":\"tanh\",\"degree\":3,\"interval\":[-2,2]}}]}",
					"{" INITIAL ",\"steps\":1,\"momentum\":0,\"loss\":\"logistic\"}");
	descent_step(s);
	print_message("logistic regression, %d rows and a step: %.1f s\n", s->rows, seconds() - t);
	descent_check(s, 18);
	descent_free(s);
	deep_free(d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_real),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
