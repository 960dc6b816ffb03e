/*
 * Networks on rows lifted to the deep ring against the same networks in the clear; insecure degree, the keys that
 * owners publish.
 */
#include "lifted_world.h"

#include <limits.h>

#include "predict/predictor.h"

static PpdlNet *
make_net(Fixture *f, const char *json, double size)
{
	PpdlNet    *net;
	double	   *w;
	int			n;

	OK(ppdl_net_parse(&net, json, &err));
	n = ppdl_net_weight_count(net);
	w = malloc(sizeof(double) * (size_t) n);
	for (int i = 0; i < n; i++)
		w[i] = size * next_real(f);
	OK(ppdl_net_set_weights(net, w, n, &err));
	free(w);
	return net;
}

typedef struct Seen
{
	Deep	   *d;
	const Rows *r;
	const PpdlNet *net;
	Precision	p;
	double		estimate;		/* of the error, as the ciphertexts say */
	int			rows,
				outputs,		/* ciphertexts */
				limbs;
} Seen;

static PpdlStatus
check_rows(void *arg, const PpdlCt *out, int logk, const uint32_t *ordinal, PpdlError *e)
{
	Seen	   *s = arg;
	Fixture    *f = s->d->f;
	const int	count = ppdl_net_outputs(s->net);
	double	   *want = malloc(sizeof(double) * (size_t) count);

	OK(ppdl_decrypt_slots(&f->ev, out, f->sk, f->z, e));
	s->estimate = fmax(s->estimate, out->noise * sqrt((double) out->par->n) / out->scale);
	s->limbs = out->limbs;
	s->outputs++;
	assert_true(count <= 1 << (logk - 1));
	for (size_t row = 0; row < f->par->n >> logk; row++)
	{
		if (ordinal[row] == PPDL_NO_PLACE)
			continue;
		s->rows++;
		OK(ppdl_net_predict(s->net, s->r->x + (size_t) ordinal[row] * (size_t) s->r->inputs, want, e));
		for (int j = 0; j < count; j++)
		{
			assert_true(fabs(want[j]) <= out->bound);
			precision_add(&s->p, creal(f->z[(row << (logk - 1)) + (size_t) j]) - want[j]);
		}
	}
	free(want);
	return PPDL_OK;
}

/* rows, of which those are left out whose number is no multiple of `every` */
static void
check_in(World *w, int logn, PpdlNet *net, int rows, int every, int ciphertexts)
{
	Deep	   *d = w->d;
	Rows		r = make_rows_in(d, logn, rows, net->inputs, 1, 0);
	PpdlPredictor *p;
	Seen		seen = {.d = d, .r = &r, .net = net};
	char		what[96];

	drop_labels(&r);
	for (int i = 0; i < rows; i++)
		if (i % every != 0)
			leave_out(&r, i);
	OK(ppdl_predictor_check_lifted(d->f->par, net, net->inputs, NULL, &err));
	OK(ppdl_predictor_create_lifted(&p, &d->f->ev, net, net->inputs, &err));
	OK(ppdl_predict_lifted(p, &d->f->ev, w->hb, r.ts, check_rows, &seen, &err));
	snprintf(what, sizeof(what), "%d inputs, %d layers, %d outputs, %d rows:", net->inputs, net->nlayers,
			 ppdl_net_outputs(net), seen.rows);
	precision_print(&seen.p, what);
	print_message("    %d limbs to %d, estimate %.2f bits, %.1f MB of tables\n", ppdl_predictor_limbs(p), seen.limbs,
				  -log2(seen.estimate),
				  ppdl_predictor_bytes(p) / 1e6);
	assert_int_equal(seen.rows, (rows + every - 1) / every);
	assert_int_equal(seen.outputs, ciphertexts);
	assert_true(precision_worst(&seen.p) > 13);
	assert_true(precision_rms(&seen.p) < seen.estimate && seen.estimate < 0x1p-18);
	ppdl_predictor_destroy(p);
	free_rows(&r);
	forget_bridge(d);
}

static void
check_with(World *w, PpdlNet *net, int rows, int every, int ciphertexts)
{
	check_in(w, ROW_LOGN, net, rows, every, ciphertexts);
}

static void
check_net(void **state, const char *json, double size, int rows, int every, int ciphertexts)
{
	World	   *w = *state;
	PpdlNet    *net = make_net(w->d->f, json, size);

	check_with(w, net, rows, every, ciphertexts);
	ppdl_net_destroy(net);
}

#define QUADRATIC(units) "{\"units\":" #units ",\"activation\":\"quadratic\"}"

static void
widths(void **state)
{
	check_net(state, "{\"inputs\":16,\"layers\":[" QUADRATIC(16) ",{\"units\":1}]}", 0.3, 150, 1, 2);
check_net(state, "{\"inputs\":2,\"layers\":[" QUADRATIC(3) ",{\"units\":1}]}", 0.7, 600, 3, 1);
	check_net(state, "{\"inputs\":3,\"layers\":[" QUADRATIC(5) ",{\"units\":2}]}", 0.5, 128, 1, 1);
	check_net(state, "{\"inputs\":8,\"input_scale\":2,\"layers\":[" QUADRATIC(8) ",{\"units\":4}]}", 0.3, 300, 2, 2);
	check_net(state, "{\"inputs\":64,\"layers\":[" QUADRATIC(10) ",{\"units\":1}]}", 0.1, 70, 1, 3);
}

/* one output of one hidden layer is a product with the inputs, or squares; no curve at all */
static void
shapes(void **state)
{
	check_net(state, "{\"inputs\":16,\"layers\":[" QUADRATIC(16) ",{\"units\":1}]}", 0.3, 150, 1, 2);
	check_net(state,
			  "{\"inputs\":13,\"layers\":[{\"units\":40,\"activation\":{\"poly\":[0.3,-1,-0.25]}},{\"units\":3}]}", 0.2, 100, 7, 1);
	check_net(state, "{\"inputs\":8,\"layers\":[{\"units\":4}]}", 0.5, 100, 5, 1);
	check_net(state,
			  "{\"inputs\":8,\"layers\":[{\"units\":3,\"activation\":\"sigmoid\",\"degree\":7,\"interval\":[-4,4]}]}", 0.4, 100, 1, 1);
}

static void
layers(void **state)
{
	check_net(state, "{\"inputs\":13,\"layers\":[" QUADRATIC(12) "," QUADRATIC(8) ",{\"units\":2}]}", 0.25, 100, 2, 1);
	check_net(state, "{\"inputs\":8,\"layers\":[" QUADRATIC(8) "," QUADRATIC(8) "," QUADRATIC(4)
		  ",{\"units\":1,\"activation\":\"sigmoid\",\"degree\":7,\"interval\":[-6,6]}]}", 0.2, 100, 1, 1);
	check_net(state,
			  "{\"inputs\":8,\"layers\":[" QUADRATIC(4) "," QUADRATIC(6) "," QUADRATIC(4) "," QUADRATIC(4) ",{\"units\":2}]}", 0.2, 60, 3, 1);
	check_net(state, "{\"inputs\":8,\"layers\":[{\"units\":8,\"activation\":\"relu\",\"degree\":3,\"interval\":[-4,4]},"
		  "{\"units\":6,\"activation\":\"tanh\",\"degree\":5,\"interval\":[-5,5]},{\"units\":2,\"activation\":{\"poly\":[0,1,0,-0.1]}}]}", 0.2, 60, 1, 1);
}

#define CONV(filters, kernel, stride) \
	"{\"conv2d\":{\"filters\":" #filters ",\"kernel\":" #kernel ",\"stride\":" #stride "},\"activation\":\"quadratic\"}"
#define POOL(size) "{\"pool\":\"average\",\"size\":" #size "}"

/* full rows of pixels through a network too deep for the row ring, and compact ones of two channels */
static void
convolution(void **state)
{
	World	   *w = *state;
	PpdlNet    *net;

	check_net(state, "{\"inputs\":64,\"layers\":[" CONV(3, 3, 1) "," CONV(4, 3, 1) "," POOL(2) ",{\"units\":6,\"activation\":\"quadratic\"},"
			  "{\"units\":1}]}", 0.15, 40, 3, 2);
	net = make_net(w->d->f, "{\"inputs\":32,\"shape\":[2,4,4],\"layers\":[" CONV(5, 2, 1) "," POOL(2) ",{\"units\":4,"
				   "\"activation\":\"sigmoid\",\"degree\":3,\"interval\":[-6,6]},{\"units\":1}]}", 0.2);
	check_in(w, COMPACT_LOGN, net, 37, 1, 1);
	ppdl_net_destroy(net);
}

/* more outputs than k/2: rows share out their slots */
static void
many_outputs(void **state)
{
	check_net(state, "{\"inputs\":4,\"layers\":[" QUADRATIC(6) ",{\"units\":3}]}", 0.4, 256, 1, 2);
	check_net(state, "{\"inputs\":2,\"layers\":[{\"units\":5}]}", 0.4, 300, 11, 8);
	check_net(state, "{\"inputs\":4,\"layers\":[" QUADRATIC(6) ",{\"units\":3}]}", 0.4, 1, 1, 1);
}

/* rows of five writers and the owner, batch by batch, some are missing; full rows (four batches), compact rows */
static void
writers_rows(void **state)
{
	static const int logn[2] = {ROW_LOGN, COMPACT_LOGN};
	World	   *w = *state;
	Deep	   *d = w->d;
	PpdlNet    *net = make_net(d->f, "{\"inputs\":8,\"layers\":[" QUADRATIC(8) ",{\"units\":1}]}", 0.3);

	for (int i = 0; i < 2; i++)
	{
		Rows		r = make_rows_of(d, logn[i], 200, net->inputs, 1, 0, TOY_WRITERS);
		WritersKeys keys = make_writers_keys(d, &r);
		Seen		seen = {.d = d, .r = &r, .net = net};
		PpdlPredictor *p;

		drop_labels(&r);
		for (int row = 0; row < 200; row += 3)
			leave_out(&r, row);
		OK(ppdl_predictor_create_lifted(&p, &d->f->ev, net, net->inputs, &err));
		OK(ppdl_predict_lifted(p, &d->f->ev, w->hb, r.ts, check_rows, &seen, &err));
		precision_print(&seen.p, i == 0 ? "full rows of an owner and writers:" : "compact rows of an owner and five writers:");
		assert_int_equal(seen.rows, 133);
		assert_true(precision_worst(&seen.p) > 13);
		assert_true(precision_rms(&seen.p) < seen.estimate && seen.estimate < 0x1p-18);
		/* keys that nobody loaded are our own mistake, not a crash */
		r.ts->keys.foreign[0].key[0] = NULL;
		assert_int_equal(ppdl_predict_lifted(p, &d->f->ev, w->hb, r.ts, check_rows, &seen, &err), PPDL_ERR_INTERNAL);
		ppdl_predictor_destroy(p);
		free_writers_keys(&keys);
		free_rows(&r);
		forget_bridge(d);
	}
	ppdl_net_destroy(net);
}

/* weights that are mostly zero: offsets of diagonals have a factor in common */
static void
sparse_layers(void **state)
{
	World	   *w = *state;
	PpdlNet    *net = make_net(w->d->f, "{\"inputs\":16,\"layers\":[" QUADRATIC(8) "," QUADRATIC(8) ",{\"units\":1}]}",
							   0);

	for (int u = 0; u < 8; u++)
	{
		/* columns of inputs 0, 2 and 6 are slots 0, 2 and 3; bits 6 -> slot 3 */
		net->layer[0].w[u * 16] = 0.3;
		net->layer[1].w[u * 8 + (u + 2) % 8] = 0.5;
		net->layer[1].w[u * 8 + (u + 6) % 8] = -0.25;
		net->layer[2].w[u] = 0.2;
	}
	check_with(w, net, 40, 1, 1);
	ppdl_net_destroy(net);
	net = make_net(w->d->f, "{\"inputs\":8,\"layers\":[" QUADRATIC(4) ",{\"units\":1}]}", 0);
	check_with(w, net, 10, 1, 1);
	ppdl_net_destroy(net);
}

/* batches of the ring of compact rows, eight to a quarter, the last quarter or batch incomplete, with holes */
static void
compact_rows(void **state)
{
	World	   *w = *state;
	PpdlNet    *net = make_net(w->d->f, "{\"inputs\":13,\"layers\":[" QUADRATIC(12) "," QUADRATIC(8) ",{\"units\":2}]}",
							   0.25);

	check_in(w, COMPACT_LOGN, net, 150, 1, 2);
	check_in(w, COMPACT_LOGN, net, 70, 3, 1);
	check_in(w, COMPACT_LOGN, net, 1, 1, 1);
	ppdl_net_destroy(net);
	net = make_net(w->d->f, "{\"inputs\":64,\"layers\":[" QUADRATIC(10) ",{\"units\":1}]}", 0.1);
	check_in(w, COMPACT_LOGN, net, 37, 1, 2);
	ppdl_net_destroy(net);
	net = make_net(w->d->f, "{\"inputs\":4,\"layers\":[" QUADRATIC(6) ",{\"units\":3}]}", 0.4);
	check_in(w, COMPACT_LOGN, net, 256, 1, 2);
	ppdl_net_destroy(net);
}

/* row i as its owner stores it */
static void
add_slice(PpdlTrainSet *ts, const Rows *r, int i, uint32_t ordinal)
{
	const int	logk = r->ts->logk_x,
				logc = r->par->logn - logk;
	const PpdlTrainBatch *b = &r->ts->batch[i >> logc];
	uint64_t	coeff[64];
	uint8_t		residues[8 * 64];
	PpdlCipher	c = {.par = r->par, .kind = PPDL_KIND_SLICE, .limbs = 1, .width = r->inputs, .logk = logk,
					 .scale = r->ts->scale,
		.logc = logc, .pos = ppdl_bitrev((uint32_t) i & ((1u << logc) - 1),
										 logc), .seed = b->seed_x, .residues = residues};

	for (int f = 0; f < 1 << logk; f++)
		coeff[f] = b->bx[c.pos + ((size_t) f << logc)];
	ppdl_pack_bits(residues, coeff, (size_t) 1 << logk, r->par->ring->mod[0].bits);
	OK(ppdl_trainset_add(ts, &c, NULL, ordinal, &err));
}

/* rows that come twice, and parts of an aggregate that have rows in common */
static void
repeated_rows(void **state)
{
	World	   *w = *state;
	Deep	   *d = w->d;
	PpdlNet    *net = make_net(d->f, "{\"inputs\":8,\"layers\":[" QUADRATIC(4) ",{\"units\":1}]}", 0.4);
	Rows		r = make_rows(d, 200, 8, 1);
	PpdlTrainSet *ts,
			   *other;
	PpdlPredictor *p;
	Seen		seen = {.d = d, .r = &r, .net = net};
	int			rows = 40;

	OK(ppdl_trainset_create(&ts, &err));
	OK(ppdl_trainset_create(&other, &err));
	for (int i = 0; i < 200; i += 7)
		for (int times = 0; times <= i % 3; times++, rows++)
			add_slice(ts, &r, i, (uint32_t) i);
	for (int i = 39; i >= 0; i--)
		add_slice(other, &r, i, (uint32_t) i);
	OK(ppdl_trainset_merge(ts, other, 0, &err));
	assert_int_equal(ts->rows, rows);
	OK(ppdl_predictor_create_lifted(&p, &d->f->ev, net, 8, &err));
	OK(ppdl_predict_lifted(p, &d->f->ev, w->hb, ts, check_rows, &seen, &err));
	assert_int_equal(seen.rows, rows);
	assert_int_equal(seen.outputs, (ts->nbatches + 3) / 4);
	assert_true(ts->nbatches > 4);
	assert_true(precision_worst(&seen.p) > 13);
	ppdl_predictor_destroy(p);
	ppdl_trainset_destroy(ts);
	ppdl_trainset_destroy(other);
	ppdl_net_destroy(net);
	free_rows(&r);
	forget_bridge(d);
}

static void
refuse(World *w, const char *json, double size, int width, PpdlStatus status, const char *says)
{
	PpdlNet    *net = make_net(w->d->f, json, size);
	PpdlPredictor *p;

	assert_int_equal(ppdl_predictor_check_lifted(w->d->f->par, net, width, NULL, &err), status);
	if (strstr(err.message, says) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", err.message, says);
	assert_int_equal(ppdl_predictor_create_lifted(&p, &w->d->f->ev, net, width, &err), status);
	assert_null(p);
	ppdl_net_destroy(net);
}

static void
refusals(void **state)
{
	World	   *w = *state;

	refuse(w, "{\"inputs\":8,\"layers\":[" QUADRATIC(4) "," QUADRATIC(4) "," QUADRATIC(4) "," QUADRATIC(4)
		   ",{\"units\":1,\"activation\":\"sigmoid\",\"degree\":7}]}", 0.1, 8, PPDL_ERR_LEVEL, "needs 12 levels, the deep ring has 11");
	refuse(w, "{\"inputs\":8,\"layers\":[{\"units\":4},{\"units\":1}]}", 1, 9, PPDL_ERR_ARGUMENT,
		   "8 inputs, the rows have 9");
	refuse(w, "{\"inputs\":8,\"layers\":[{\"units\":513}]}", 1, 8, PPDL_ERR_ARGUMENT, "room for 512");
	refuse(w, "{\"inputs\":8,\"layers\":[" QUADRATIC(4) "," QUADRATIC(4) "," QUADRATIC(4) ",{\"units\":1}]}", 1e9, 8,
		   PPDL_ERR_RANGE, "beyond what ciphertexts carry");
	refuse(w, "{\"inputs\":8,\"layers\":[{\"units\":1}]}", 1e300, 8, PPDL_ERR_RANGE, "beyond what ciphertexts carry");
}

static int
count_down(void *arg)
{
	return --*(int *) arg < 0;
}

/* wherever it happens, nothing is left behind */
static void
canceled(void **state)
{
	World	   *w = *state;
	Deep	   *d = w->d;
	PpdlEval   *ev = &d->f->ev;
	PpdlNet    *net = make_net(d->f, "{\"inputs\":4,\"layers\":[" QUADRATIC(6) ",{\"units\":3}]}", 0.4);
	Rows		r = make_rows(d, 20, 4, 1);
	Seen		seen = {.d = d, .r = &r, .net = net};
	PpdlPredictor *p;
	PpdlHalfBoot *hb;
	size_t		held;
	int			left = 1,
				polls;

	ev->interrupted_arg = &left;
	ev->interrupted = count_down;
	assert_int_equal(ppdl_predictor_create_lifted(&p, ev, net, 4, &err), PPDL_ERR_CANCELED);
	assert_null(p);
	left = 2;
	assert_int_equal(ppdl_halfboot_create(&hb, ev, &err), PPDL_ERR_CANCELED);
	assert_null(hb);
	ev->interrupted = NULL;
	OK(ppdl_predictor_create_lifted(&p, ev, net, 4, &err));
	assert_int_equal(ppdl_predict_lifted(p, ev, w->hb, r.ts, check_rows, &seen, &err), PPDL_ERR_ARGUMENT);
	drop_labels(&r);
	ev->interrupted = count_down;
	left = INT_MAX;
	OK(ppdl_predict_lifted(p, ev, w->hb, r.ts, check_rows, &seen, &err));
	polls = INT_MAX - left;
	assert_int_equal(seen.rows, 20);
	ppdl_pool_trim(ev->pool);
	held = ppdl_pool_bytes(ev->pool);
	for (int at = 0; at < polls; at += polls / 10)
	{
		left = at;
		assert_int_equal(ppdl_predict_lifted(p, ev, w->hb, r.ts, check_rows, &seen, &err), PPDL_ERR_CANCELED);
		ppdl_pool_trim(ev->pool);
		assert_int_equal(ppdl_pool_bytes(ev->pool), held);
	}
	ev->interrupted = NULL;
	ppdl_predictor_destroy(p);
	ppdl_net_destroy(net);
	free_rows(&r);
	forget_bridge(d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(widths),
		cmocka_unit_test(shapes),
		cmocka_unit_test(layers),
		cmocka_unit_test(convolution),
		cmocka_unit_test(many_outputs),
		cmocka_unit_test(compact_rows),
		cmocka_unit_test(writers_rows),
		cmocka_unit_test(sparse_layers),
		cmocka_unit_test(repeated_rows),
		cmocka_unit_test(refusals),
		cmocka_unit_test(canceled),
	};

	return cmocka_run_group_tests(tests, set_up_lifted, tear_down_lifted);
}
