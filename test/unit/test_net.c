/* Networks in the clear: activations, specifications, prediction. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/activation.h"
#include "net/json.h"
#include "net/net.h"

static PpdlError err;

static void
exact_activations(void **state)
{
	PpdlActivation a;
	const double c[] = {0.5, -1, 0, 2, 0, 0};

	assert_true(ppdl_activation_exact(&a, "identity"));
	assert_true(ppdl_activation_value(&a, -1.25) == -1.25 && ppdl_activation_slope(&a, 3) == 1);
	assert_true(ppdl_activation_exact(&a, "square"));
	assert_true(ppdl_activation_value(&a, -3) == 9 && ppdl_activation_slope(&a, -3) == -6);
	assert_true(ppdl_activation_exact(&a, "quadratic"));
	assert_true(ppdl_activation_value(&a, 2) == 4 && ppdl_activation_slope(&a, 2) == 3);
	assert_false(ppdl_activation_exact(&a, "cube"));
	assert_int_equal(ppdl_activation_poly(&a, c, 6, &err), PPDL_OK);
	assert_int_equal(a.degree, 3);
	assert_true(ppdl_activation_value(&a, 2) == 0.5 - 2 + 16);
	assert_true(ppdl_activation_slope(&a, 2) == -1 + 24);
	assert_true(ppdl_activation_bound(&a, 2) == 0.5 + 2 + 16);
	assert_int_equal(ppdl_activation_poly(&a, c, 1, &err), PPDL_ERR_ARGUMENT);
}

/*
 * the fit is as good as its stated error, the stated error falls with the degree, and powers and Chebyshev form agree
 */
static void
fitted_activations(void **state)
{
	static const char *const names[] = {"relu", "sigmoid", "tanh", "silu"};
	PpdlActivation a;

	for (int n = 0; n < 4; n++)
	{
		double		last = 1e9;

		for (int degree = 1; degree <= 15; degree += 2)
		{
			assert_int_equal(ppdl_activation_fit(&a, names[n], degree, -4, 4, &err), PPDL_OK);
			assert_true(a.max_error <= last);
			last = a.max_error;
			for (double z = -4; z <= 4; z += 0.37)
			{
				double		powers = 0,
							h = 1e-5,
							slope = (ppdl_activation_value(&a, z + h) - ppdl_activation_value(&a, z - h)) / (2 * h);

				for (int k = degree; k >= 0; k--)
					powers = powers * z + a.coef[k];
				assert_true(fabs(powers - ppdl_activation_value(&a, z)) < 1e-8);
				assert_true(fabs(slope - ppdl_activation_slope(&a, z)) < 1e-7);
				assert_true(fabs(ppdl_activation_value(&a, z)) <= ppdl_activation_bound(&a, 4) + 1e-12);
			}
		}
		printf("%s degree 15 on [-4,4]: error %.2g\n", names[n], last);
	}
	assert_int_equal(ppdl_activation_fit(&a, "sigmoid", 7, -4, 4, &err), PPDL_OK);
	assert_true(a.max_error < 0.005);
	assert_int_equal(ppdl_activation_degree(&a), 7);
	assert_int_equal(ppdl_activation_fit(&a, "sigmoid", 4, -4, 4, &err), PPDL_OK);
	assert_int_equal(ppdl_activation_degree(&a), 3);	/* odd but for its constant */
	assert_true(ppdl_activation_value(&a, 0) - 0.5 < 1e-15);
	assert_int_equal(ppdl_activation_fit(&a, "gelu", 7, -4, 4, &err), PPDL_ERR_ARGUMENT);
	assert_non_null(strstr(err.message, "gelu"));
	assert_int_equal(ppdl_activation_fit(&a, "relu", 16, -4, 4, &err), PPDL_ERR_ARGUMENT);
	assert_int_equal(ppdl_activation_fit(&a, "relu", 3, 4, 4, &err), PPDL_ERR_ARGUMENT);
}

static void
specification_round_trip(void **state)
{
	static const char *const specs[] = {
		"{\"inputs\": 16, \"layers\": [{\"units\": 32, \"activation\": \"quadratic\"}, {\"units\": 1}]}",
		"{\"inputs\": 2, \"input_scale\": [1, 2.5], \"layers\": [{\"units\": 3, \"activation\": {\"poly\": [0, 1, 0.1]}},"
		" {\"units\": 2, \"activation\": {\"name\": \"sigmoid\", \"degree\": 5, \"interval\": [-6, 6]}}]}",
		"{\"inputs\": 2, \"input_scale\": 3, \"layers\": [{\"units\": 3, \"activation\": \"poly\", \"coefficients\": [1, 2]},"
		" {\"units\": 2, \"activation\": \"relu\", \"degree\": 4, \"interval\": [-2, 2]}]}",
	};

	for (int i = 0; i < 3; i++)
	{
		PpdlNet    *a,
				   *b;
		char	   *first,
				   *second;

		assert_int_equal(ppdl_net_parse(&a, specs[i], &err), PPDL_OK);
		assert_int_equal(ppdl_net_json(a, &first, &err), PPDL_OK);
		assert_int_equal(ppdl_net_parse(&b, first, &err), PPDL_OK);
		assert_int_equal(ppdl_net_json(b, &second, &err), PPDL_OK);
		assert_string_equal(first, second);
		for (int l = 0; l < a->nlayers; l++)
			assert_memory_equal(a->layer[l].act.coef, b->layer[l].act.coef, sizeof(a->layer[l].act.coef));
		free(first);
		free(second);
		ppdl_net_destroy(a);
		ppdl_net_destroy(b);
	}
}

static void
bad_specifications(void **state)
{
	static const struct
	{
		const char *json,
				   *says;
	}			bad[] = {
		{"", "line 1"},
		{"[1]", "object"},
		{"{\"inputs\": 1, \"inputs\": 2}", "duplicate"},
		{"{\"layers\": []}", "inputs is missing"},
		{"{\"inputs\": 0, \"layers\": [{\"units\": 1}]}", "inputs is 0"},
		{"{\"inputs\": 2.5, \"layers\": [{\"units\": 1}]}", "whole number"},
		{"{\"inputs\": 2}", "layers is missing"},
		{"{\"inputs\": 2, \"layers\": []}", "0 entries"},
		{"{\"inputs\": 2, \"layers\": [3]}", "layers[0] must be an object"},
		{"{\"inputs\": 2, \"layers\": [{\"units\": 1, \"color\": 3}]}", "color"},
		{"{\"inputs\": 2, \"layers\": [{\"units\": 1}, {\"units\": 5000}]}", "layers[1].units is 5000"},
		{"{\"inputs\": 2, \"layers\": [{\"units\": 1, \"activation\": \"gelu\"}]}", "gelu"},
		{"{\"inputs\": 2, \"layers\": [{\"units\": 1, \"activation\": 7}]}", "string or an object"},
		{"{\"inputs\": 2, \"layers\": [{\"units\": 1, \"activation\": {\"poly\": [1]}}]}", "degree 1"},
		{"{\"inputs\": 2, \"layers\": [{\"units\": 1, \"activation\": {\"poly\": [1, \"x\"]}}]}",
		 "poly[1] must be a number"},
		{"{\"inputs\": 2, \"layers\": [{\"units\": 1, \"activation\": {\"name\": \"relu\", \"degree\": 16}}]}",
		 "degree is 16"},
		{"{\"inputs\": 2, \"layers\": [{\"units\": 1, \"activation\": \"square\", \"degree\": 2}]}", "takes no degree"},
		{"{\"inputs\": 2, \"input_scale\": [1], \"layers\": [{\"units\": 1}]}", "1 entries for 2 inputs"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
	{
		PpdlNet    *net;

		assert_int_not_equal(ppdl_net_parse(&net, bad[i].json, &err), PPDL_OK);
		assert_null(net);
		if (strstr(err.message, bad[i].says) == NULL)
			fail_msg("%s: \"%s\" does not say \"%s\"", bad[i].json, err.message, bad[i].says);
	}
}

static void
prediction_by_hand(void **state)
{
	/* z = (2*1*0.5 - 2*3*0.25 + 0.5, ...), squares, then the difference */
	const double w[] = {1, -3, 0, 2, 0.5, -1, 1, -1, 0.25};
	const double x[] = {0.5, 0.25};
	double		out,
				back[9];
	PpdlNet    *net;

	assert_int_equal(ppdl_net_parse(&net, "{\"inputs\": 2, \"input_scale\": 2, \"layers\": "
									"[{\"units\": 2, \"activation\": \"square\"}, {\"units\": 1}]}", &err), PPDL_OK);
	assert_int_equal(ppdl_net_weight_count(net), 9);
	assert_int_equal(ppdl_net_predict(net, x, &out, &err), PPDL_ERR_ARGUMENT);
	assert_int_equal(ppdl_net_set_weights(net, w, 8, &err), PPDL_ERR_ARGUMENT);
	assert_non_null(strstr(err.message, "9"));
	assert_int_equal(ppdl_net_set_weights(net, w, 9, &err), PPDL_OK);
	ppdl_net_get_weights(net, back);
	assert_memory_equal(w, back, sizeof(w));
	assert_int_equal(ppdl_net_predict(net, x, &out, &err), PPDL_OK);
	assert_true(out == 0.0 * 0.0 - 0.0 * 0.0 + 0.25);
	assert_int_equal(ppdl_net_predict(net, (double[]) {1, 0}, &out, &err), PPDL_OK);
	assert_true(out == 2.5 * 2.5 - 1 + 0.25);
	assert_int_equal(ppdl_net_predict(net, (double[]) {NAN, 0}, &out, &err), PPDL_ERR_RANGE);
	back[5] = INFINITY;
	assert_int_equal(ppdl_net_set_weights(net, back, 9, &err), PPDL_ERR_RANGE);
	assert_non_null(strstr(err.message, "bias of unit 2"));
	ppdl_net_destroy(net);
}

static void
clones(void **state)
{
	static const char *other[] = {
		"{\"inputs\":3,\"layers\":[{\"units\":2,\"activation\":\"square\"},{\"units\":1}]}",
		"{\"inputs\":2,\"input_scale\":[1,2],\"layers\":[{\"units\":2,\"activation\":\"square\"},{\"units\":1}]}",
		"{\"inputs\":2,\"bias\":false,\"layers\":[{\"units\":2,\"activation\":\"square\"},{\"units\":1}]}",
		"{\"inputs\":2,\"layers\":[{\"units\":3,\"activation\":\"square\"},{\"units\":1}]}",
		"{\"inputs\":2,\"layers\":[{\"units\":2,\"activation\":\"square\"},{\"units\":1},{\"units\":1}]}",
		"{\"inputs\":2,\"layers\":[{\"units\":2,\"activation\":{\"poly\":[0,0,1.5]}},{\"units\":1}]}",
		"{\"inputs\":2,\"layers\":[{\"units\":2,\"activation\":\"tanh\",\"degree\":2,\"interval\":[-1,1]},{\"units\":1}]}",
	};
	static const double w[] = {1, 2, 3, 4, 5, 6, 7, 8, 9},
				x[] = {0.5, -0.25};
	PpdlNet    *net,
			   *copy,
			   *trained,
			   *untrained;
	double		want,
				got;

	assert_int_equal(ppdl_net_parse(&net,
									"{\"inputs\":2,\"layers\":[{\"units\":2,\"activation\":\"square\"},{\"units\":1}]}", &err), PPDL_OK);
	assert_int_equal(ppdl_net_clone(&copy, net, &err), PPDL_OK);
	assert_true(ppdl_net_is_same(net, copy));
	assert_int_equal(ppdl_net_check_trained(copy, &err), PPDL_ERR_ARGUMENT);
	assert_int_equal(ppdl_net_set_weights(copy, w, 9, &err), PPDL_OK);
	assert_int_equal(ppdl_net_clone(&trained, copy, &err), PPDL_OK);
	assert_true(ppdl_net_is_same(net, trained));
	assert_int_equal(ppdl_net_clone_untrained(&untrained, trained, &err), PPDL_OK);
	assert_true(ppdl_net_is_same(untrained, trained));
	assert_int_equal(ppdl_net_check_trained(untrained, &err), PPDL_ERR_ARGUMENT);
	ppdl_net_destroy(untrained);
	assert_int_equal(ppdl_net_predict(copy, x, &want, &err), PPDL_OK);
	ppdl_net_destroy(copy);
	assert_int_equal(ppdl_net_predict(trained, x, &got, &err), PPDL_OK);
	assert_true(got == want);
	ppdl_net_destroy(trained);
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
	{
		assert_int_equal(ppdl_net_parse(&copy, other[i], &err), PPDL_OK);
		assert_false(ppdl_net_is_same(net, copy));
		ppdl_net_destroy(copy);
	}
	ppdl_net_destroy(net);
}

/*
 * what is valid JSON is read: numbers beyond 64 bits as jsonb writes them, a byte order mark; and what is not, is not
 */
static void
json_texts(void **state)
{
	json_error_t why;
	static const char good[] = "\xEF\xBB\xBF[1, -100000000000000000000, 1e20, \"100000000000000000000\\\"\", 7]",
				bad[] = "[100000000000000000000, ]";
	json_t	   *j = ppdl_json_read(good, strlen(good), &why);
	PpdlNet    *net;

	assert_non_null(j);
	assert_true(json_is_integer(json_array_get(j, 0)) && json_is_integer(json_array_get(j, 4)));
	assert_true(json_real_value(json_array_get(j, 1)) == -1e20);
	assert_true(json_real_value(json_array_get(j, 2)) == 1e20);
	assert_string_equal(json_string_value(json_array_get(j, 3)), "100000000000000000000\"");
	json_decref(j);
	assert_null(ppdl_json_read(bad, strlen(bad), &why));
	assert_int_equal(ppdl_net_parse(&net,
									"{\"inputs\":2,\"layers\":[{\"units\":1,\"activation\":{\"poly\":[0,100000000000000000000]}}]}", &err), PPDL_OK);
	assert_true(ppdl_activation_value(&net->layer[0].act, 2) == 2e20);
	ppdl_net_destroy(net);
	assert_int_equal(ppdl_net_parse(&net, "{\"inputs\":1e999}", &err), PPDL_ERR_FORMAT);
	assert_non_null(strstr(err.message, "too large"));
}

static PpdlNet *
parse(const char *json)
{
	PpdlNet    *net;

	if (ppdl_net_parse(&net, json, &err) != PPDL_OK)
		fail_msg("%s", err.message);
	return net;
}

/* biases that "bias": false does not allow, wherever they are; zeros of both signs are none */
static void
no_biases(void **state)
{
	PpdlNet    *net = parse("{\"inputs\": 2, \"bias\": false, \"layers\": [{\"units\": 2}, {\"units\": 1}]}");
	double		w[9] = {1, 2, 3, 4, 0, -0.0, 5, 6, 0};
	static const int bias[] = {4, 5, 8};

	assert_int_equal(ppdl_net_set_weights(net, w, 9, &err), PPDL_OK);
	for (int i = 0; i < 3; i++)
	{
		w[bias[i]] = 1e-300;
		assert_int_equal(ppdl_net_set_weights(net, w, 9, &err), PPDL_ERR_ARGUMENT);
		assert_non_null(strstr(err.message, i == 0 ? "layer 1, bias of unit 1" : i == 1 ? "layer 1, bias of unit 2" :
							   "layer 2, bias of unit 1"));
		assert_non_null(strstr(err.hint, "or set them to 0"));
		w[bias[i]] = 0;
	}
	assert_int_equal(ppdl_net_set_weights(net, w, 9, &err), PPDL_OK);
	ppdl_net_destroy(net);
}

/* infinity, and the NaN that comes of two of them, are no predictions */
static void
outputs_are_finite(void **state)
{
	PpdlNet    *net = parse("{\"inputs\": 2, \"layers\": [{\"units\": 2}]}");
	const double w[6] = {1e308, -1e308, 1, 1, 0, 0};
	double		out[2];

	assert_int_equal(ppdl_net_set_weights(net, w, 6, &err), PPDL_OK);
	assert_int_equal(ppdl_net_predict(net, (double[]) {1, 1}, out, &err), PPDL_OK);
	assert_int_equal(ppdl_net_predict(net, (double[]) {10, 10}, out, &err), PPDL_ERR_RANGE);
	assert_non_null(strstr(err.message, "output 1 of the network is not finite"));
	assert_int_equal(ppdl_net_predict(net, (double[]) {10, 0}, out, &err), PPDL_ERR_RANGE);
	assert_int_equal(ppdl_net_check_range(net, &err), PPDL_ERR_RANGE);
	assert_non_null(strstr(err.message, "layer 1 is 1e+308"));
	ppdl_net_destroy(net);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exact_activations),
		cmocka_unit_test(fitted_activations),
		cmocka_unit_test(specification_round_trip),
		cmocka_unit_test(bad_specifications),
		cmocka_unit_test(json_texts),
		cmocka_unit_test(prediction_by_hand),
		cmocka_unit_test(clones),
		cmocka_unit_test(no_biases),
		cmocka_unit_test(outputs_are_finite),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
