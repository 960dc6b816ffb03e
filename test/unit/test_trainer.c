/* Encrypted training against its plain twin: tiles, steps, bootstraps, save and restore; insecure degree. */
#include "toy_rows.h"

#include "learn/predict_encrypted.h"
#include "learn/trainer.h"
#include "learn/weights.h"

static void
compare(Deep *d, const PpdlSlotLayout *lay, const PpdlWriter *stored, const PpdlNet *plain, double bits,
		const char *what)
{
	Fixture    *f = d->f;
	PpdlCt		ct[PPDL_MAX_WEIGHT_CTS];
	double complex *z = malloc(sizeof(*z) * (size_t) lay->nweights * lay->period);
	int			count;
	uint32_t	period;
	uint8_t		fp[8];
	PpdlNet    *net;
	char	   *json;
	int			n = ppdl_net_weight_count(plain);
	double	   *a = malloc(sizeof(double) * (size_t) n),
			   *b = malloc(sizeof(double) * (size_t) n);
	Precision	p = {0};
	double		bound = INFINITY;

	OK(ppdl_weights_load(&f->ev, ct, &count, &period, fp, stored->buf, stored->len, &err));
	assert_int_equal(period, lay->period);
	assert_int_equal(count, lay->nweights);
	for (int i = 0; i < count; i++)
	{
		assert_int_equal(ct[i].limbs, ppdl_encrypted_predict_limbs(lay));
		OK(ppdl_decrypt_slots(&f->ev, &ct[i], f->sk, f->z, &err));
		memcpy(z + (size_t) i * lay->period, f->z, sizeof(*z) * lay->period);
		bound = fmin(bound, ct[i].bound);
		ppdl_ct_release(&f->ev, &ct[i]);
	}
	OK(ppdl_net_json(plain, &json, &err));
	OK(ppdl_net_parse(&net, json, &err));
	OK(ppdl_slots_to_net(lay, z, net, &err));
	free(z);
	ppdl_net_get_weights(net, a);
	ppdl_net_get_weights(plain, b);
	for (int i = 0; i < n; i++)
	{
		precision_add(&p, a[i] - b[i]);
		assert_true(fabs(b[i]) <= bound);
	}
	/* what predictions take it for */
	assert_true(ppdl_net_longest_weights(plain) <= bound);
	precision_print(&p, what);
	assert_true(precision_worst(&p) >= bits);
	ppdl_net_destroy(net);
	free(json);
	free(a);
	free(b);
}

static void
train_rows(Deep *d, Rows r, const char *spec, const char *options, double bits)
{
	PpdlNet    *net;
	PpdlTrainOptions opt;
	PpdlTrainer *t,
			   *again;
	PpdlSlotLayout lay;
	PpdlWriter	state,
				model,
				resumed;
	double		most = 0;

	print_message("%s %s\n", spec, options);
	OK(ppdl_net_parse(&net, spec, &err));
	OK(ppdl_train_options_parse(&opt, options, &err));
	OK(ppdl_net_init(net, &opt, &err));
	OK(ppdl_slot_layout(&lay, d->f->par, net, r.inputs, &err));
	OK(ppdl_trainer_create(&t, &d->f->ev, net, &opt, r.ts, NULL, NULL, &err));
	ppdl_writer_init(&state);
	ppdl_writer_init(&model);
	ppdl_writer_init(&resumed);
	while (ppdl_trainer_steps_done(t) < ppdl_trainer_step_count(t))
	{
		OK(ppdl_trainer_step(t, &err));
		if (ppdl_trainer_steps_done(t) == 3)
			OK(ppdl_trainer_save(t, &state, &err));
	}
	OK(ppdl_trainer_finish(t, &model, &err));
	OK(ppdl_net_train(net, r.x, r.y, r.n, &opt, NULL, &err));
	for (int l = 0; l < net->nlayers; l++)
		for (int i = 0; i < net->layer[l].units * net->layer[l].inputs; i++)
			most = fmax(most, fabs(net->layer[l].w[i]));
	print_message("largest weight %.3f\n", most);
	compare(d, &lay, &model, net, bits, "weights, encrypted against plain");

	/* resumed after step 3: the same, bit for bit */
	OK(ppdl_net_init(net, &opt, &err));
	OK(ppdl_trainer_create(&again, &d->f->ev, net, &opt, r.ts, NULL, NULL, &err));
	OK(ppdl_trainer_restore(again, state.buf, state.len, &err));
	assert_int_equal(ppdl_trainer_steps_done(again), 3);
	while (ppdl_trainer_steps_done(again) < ppdl_trainer_step_count(again))
		OK(ppdl_trainer_step(again, &err));
	OK(ppdl_trainer_finish(again, &resumed, &err));
	assert_int_equal(model.len, resumed.len);
	assert_memory_equal(model.buf, resumed.buf, model.len);
	assert_int_equal(ppdl_trainer_restore(again, state.buf, state.len - 1, &err), PPDL_ERR_FORMAT);

	ppdl_trainer_destroy(t);
	ppdl_trainer_destroy(again);
	ppdl_writer_free(&state);
	ppdl_writer_free(&model);
	ppdl_writer_free(&resumed);
	ppdl_net_destroy(net);
	free_rows(&r);
}

static void
train_in(int logn, const char *spec, const char *options, int rows, int inputs, int outputs, double bits)
{
	Deep	   *d = deep_new(DEEP_LOGN, 2);

	train_rows(d, make_rows_in(d, logn, rows, inputs, outputs, 0), spec, options, bits);
	deep_free(d);
}

/* rows of five writers and the owner, batch by batch */
static void
writers_rows(void **state)
{
	Deep	   *d = deep_new(DEEP_LOGN, 2);
	Rows		r = make_rows_of(d, COMPACT_LOGN, 75, 16, 1, 0, TOY_WRITERS);
	WritersKeys keys = make_writers_keys(d, &r);

	train_rows(d, r, "{\"inputs\":16,\"bias\":false,\"layers\":[{\"units\":16,\"activation\":\"quadratic\"},{\"units\":1}]}",
			   "{\"steps\":4,\"batch\":8,\"learning_rate\":0.2,\"momentum\":0.8,\"init_scale\":0.3}", 18);
	free_writers_keys(&keys);
	deep_free(d);
}

static void
train(const char *spec, const char *options, int rows, int inputs, int outputs, double bits)
{
	train_in(ROW_LOGN, spec, options, rows, inputs, outputs, bits);
}

/* rows of the ring of compact rows: batches of four, eight batches to a quarter of the deep ring */
static void
compact_rows(void **state)
{
	train_in(COMPACT_LOGN,
			 "{\"inputs\":16,\"bias\":false,\"layers\":[{\"units\":16,\"activation\":\"quadratic\"},{\"units\":1}]}",
			 "{\"steps\":4,\"batch\":8,\"learning_rate\":0.2,\"momentum\":0.8,\"init_scale\":0.3}", 75, 16, 1, 18);
	train_in(COMPACT_LOGN, "{\"inputs\":7,\"layers\":[{\"units\":7,\"activation\":\"quadratic\"},{\"units\":3}]}",
			 "{\"steps\":4,\"batch\":16,\"learning_rate\":0.1,\"momentum\":0.8,\"init_scale\":0.3}", 70, 7, 3, 18);
}

static void
one_output(void **state)
{
	train("{\"inputs\":16,\"bias\":false,\"layers\":[{\"units\":16,\"activation\":\"quadratic\"},{\"units\":1}]}",
		  "{\"steps\":10,\"batch\":8,\"learning_rate\":0.2,\"momentum\":0.8,\"init_scale\":0.3}", 60, 16, 1, 18);
}

static void
with_bias_and_scale(void **state)
{
	train("{\"inputs\":13,\"input_scale\":2,\"layers\":[{\"units\":7,\"activation\":\"quadratic\"},{\"units\":1}]}",
		  "{\"steps\":5,\"batch\":16,\"learning_rate\":0.1,\"momentum\":0.5,\"init_scale\":0.3,\"schedule\":\"cosine\"}", 70, 13,
		  1, 18);
}

/* units whose weights are no larger than those of others, but longer */
static void
long_weights(void **state)
{
	train("{\"inputs\":15,\"layers\":[{\"units\":3,\"activation\":\"quadratic\"},{\"units\":1}]}",
		  "{\"steps\":3,\"batch\":30,\"learning_rate\":0.001,\"momentum\":0,\"init_scale\":3}", 60, 15, 1, 14);
}

static void
no_momentum_negative_square(void **state)
{
	train("{\"inputs\":4,\"layers\":[{\"units\":15,\"activation\":{\"poly\":[0.1,0.5,-0.25]}},{\"units\":1}]}",
		  "{\"steps\":4,\"batch\":200,\"learning_rate\":0.2,\"momentum\":0,\"init_scale\":0.3}", 100, 4, 1, 18);
}

static void
three_classes(void **state)
{
	train("{\"inputs\":8,\"bias\":false,\"layers\":[{\"units\":8,\"activation\":\"quadratic\"},{\"units\":3}]}",
		  "{\"steps\":5,\"batch\":30,\"learning_rate\":0.1,\"momentum\":0.8,\"init_scale\":0.3}", 64, 8, 3, 18);
	train("{\"inputs\":7,\"layers\":[{\"units\":7,\"activation\":\"quadratic\"},{\"units\":4,\"activation\":\"quadratic\"},{\"units\":3}]}",
		  "{\"steps\":10,\"batch\":30,\"learning_rate\":0.1,\"momentum\":0.8,\"init_scale\":0.3}", 64, 7, 3, 18);
}

static void
cubic(void **state)
{
	train("{\"inputs\":16,\"bias\":false,\"layers\":[{\"units\":8,\"activation\":{\"poly\":[0,0.9,0.1,-0.05]}},{\"units\":1}]}",
		  "{\"steps\":4,\"batch\":16,\"learning_rate\":0.2,\"momentum\":0.8,\"init_scale\":0.3}", 60, 16, 1, 18);
	train("{\"inputs\":7,\"layers\":[{\"units\":7,\"activation\":{\"name\":\"tanh\"}},{\"units\":5,\"activation\":\"quadratic\"},{\"units\":3}]}",
		  "{\"steps\":4,\"batch\":16,\"learning_rate\":0.1,\"momentum\":0.8,\"init_scale\":0.5}", 70, 7, 3, 18);
}

static void
two_hidden_layers(void **state)
{
	/* first weights beyond 1 */
	train("{\"inputs\":7,\"layers\":[{\"units\":7,\"activation\":\"quadratic\"},{\"units\":5,\"activation\":\"quadratic\"},{\"units\":1}]}",
		  "{\"steps\":5,\"batch\":16,\"learning_rate\":0.1,\"momentum\":0.8,\"init_scale\":0.5,\"seed\":7}", 70, 7, 1, 18);
	train("{\"inputs\":8,\"bias\":false,\"layers\":[{\"units\":16,\"activation\":{\"poly\":[0.1,0.5,-0.25]}},{\"units\":8,\"activation\":\"square\"},{\"units\":1}]}",
		  "{\"steps\":4,\"batch\":16,\"learning_rate\":0.1,\"momentum\":0,\"init_scale\":0.5}", 70, 8, 1, 18);
}

/* no hidden layer: real labels, several outputs, and outputs with a polynomial; more rows than a tile holds */
static void
linear(void **state)
{
	train("{\"inputs\":13,\"input_scale\":2,\"layers\":[{\"units\":1}]}",
		  "{\"steps\":7,\"batch\":32,\"learning_rate\":0.1,\"momentum\":0.5}", 150, 13, 1, 18);
	train("{\"inputs\":8,\"bias\":false,\"layers\":[{\"units\":5}]}",
		  "{\"steps\":4,\"batch\":16,\"learning_rate\":0.2,\"momentum\":0}", 40, 8, 5, 18);
	train("{\"inputs\":64,\"bias\":false,\"layers\":[{\"units\":1}]}",
		  "{\"steps\":4,\"batch\":8,\"learning_rate\":0.05,\"momentum\":0.8}", 30, 64, 1, 18);
}

/* rows of one mini-batch lie apart in a batch; those of later batches take the places between them */
static void
gaps(void **state)
{
	Deep	   *d = deep_new(DEEP_LOGN, 2);
	Rows		r = make_rows(d, 250, 16, 1);
	PpdlNet    *net;
	PpdlSlotLayout lay;
	PpdlHalfBoot *hb;
	PpdlTileSet *set;
	int			seen[250] = {0};

	OK(ppdl_net_parse(&net, "{\"inputs\":16,\"bias\":false,\"layers\":[{\"units\":1}]}", &err));
	OK(ppdl_slot_layout(&lay, d->f->par, net, 16, &err));
	OK(ppdl_halfboot_create(&hb, &d->f->ev, &err));
	OK(ppdl_tiles_create(&set, &(PpdlTileSource) {&d->f->ev, hb, &lay, net, r.ts, 8, NULL, NULL}, &err));
	assert_int_equal(lay.rows, 64);
	assert_int_equal(set->count, 8);
	for (int i = 0; i < set->count; i++)
	{
		OK(ppdl_decrypt_slots(&d->f->ev, &set->tile[i].x, d->f->sk, d->f->z, &err));
		for (size_t k = 0; k < lay.rows; k++)
		{
			const uint32_t row = set->tile[i].ordinal[k];

			if (row == PPDL_NO_PLACE)
				continue;
			assert_int_equal(row % 8, set->minibatch_of[i]);
			assert_int_equal(seen[row]++, 0);
			for (int f = 0; f < 16; f++)
				assert_true(fabs(creal(d->f->z[k * 16 + ppdl_slot_of_input(&lay, f)]) - r.x[row * 16 + f]) < 1e-5);
		}
	}
	for (int i = 0; i < 250; i++)
		assert_int_equal(seen[i], 1);
	ppdl_tiles_destroy(set, &d->f->ev);
	ppdl_halfboot_destroy(hb);
	ppdl_net_destroy(net);
	free_rows(&r);
	deep_free(d);
}

static void
logistic(void **state)
{
	train("{\"inputs\":16,\"layers\":[{\"units\":1,\"activation\":{\"name\":\"tanh\",\"degree\":3,\"interval\":[-2,2]}}]}",
		  "{\"steps\":5,\"batch\":30,\"momentum\":0.8,\"loss\":\"logistic\"}", 70, 16, 1, 18);
	train("{\"inputs\":3,\"layers\":[{\"units\":3,\"activation\":{\"name\":\"sigmoid\",\"degree\":7,\"interval\":[-5,5]}}]}",
		  "{\"steps\":4,\"batch\":30,\"momentum\":0,\"loss\":\"logistic\"}", 40, 3, 3, 18);
	train("{\"inputs\":7,\"layers\":[{\"units\":7,\"activation\":\"quadratic\"},{\"units\":1,\"activation\":\"tanh\"}]}",
		  "{\"steps\":4,\"batch\":30,\"momentum\":0.8,\"loss\":\"logistic\"}", 64, 7, 1, 18);
}

typedef struct Seen
{
	Deep	   *d;
	const Rows *r;
	const PpdlNet *net;
	Precision	p;
	double		estimate;		/* of the error, as the ciphertexts say */
	int			rows,
				told,
				chunks;
} Seen;

static PpdlStatus
check_rows(void *arg, const PpdlCt *out, int logk, const uint32_t *ordinal, PpdlError *e)
{
	Seen	   *s = arg;
	double		want[4];

	assert_int_equal(out->limbs, 1);
	OK(ppdl_decrypt_slots(&s->d->f->ev, out, s->d->f->sk, s->d->f->z, e));
	s->estimate = out->noise * sqrt((double) out->par->n) / out->scale;
	s->chunks++;
	for (size_t p = 0; p < out->par->n >> logk; p++)
	{
		if (ordinal[p] == PPDL_NO_PLACE)
			continue;
		s->rows++;
		OK(ppdl_net_predict(s->net, s->r->x + (size_t) ordinal[p] * (size_t) s->r->inputs, want, e));
		for (int c = 0; c < ppdl_net_outputs(s->net); c++)
			precision_add(&s->p, creal(s->d->f->z[(p << (logk - 1)) + (size_t) c]) - want[c]);
	}
	return PPDL_OK;
}

static void
count_told(void *arg, uint64_t done, uint64_t total, const char *what)
{
	Seen	   *s = arg;

	assert_int_equal(total, (uint64_t) s->r->n);
	assert_true(done > (uint64_t) s->told);
	s->told = (int) done;
}

static void
predict_with(const char *spec, int outputs)
{
	Deep	   *d = deep_new(DEEP_LOGN, 2);
	Rows		r = make_rows(d, 150, 13, outputs);
	PpdlNet    *net;
	PpdlTrainOptions opt;
	PpdlSlotLayout lay;
	PpdlHalfBoot *hb;
	PpdlCt		w[PPDL_MAX_WEIGHT_CTS] = {{0}};
	double complex *z;
	Seen		seen = {d, &r, NULL, {0}, 0};

	OK(ppdl_net_parse(&net, spec, &err));
	OK(ppdl_train_options_parse(&opt, "{\"init_scale\":0.5}", &err));
	OK(ppdl_net_init(net, &opt, &err));
	for (int l = 0; l < net->nlayers; l++)
		for (int i = 0; i < net->layer[l].units; i++)
			net->layer[l].bias[i] = 0.2 - 0.1 * i;
	OK(ppdl_slot_layout(&lay, d->f->par, net, 13, &err));
	z = malloc(sizeof(*z) * (size_t) lay.nweights * lay.period);
	OK(ppdl_slots_from_net(&lay, net, z, &err));
	for (int i = 0; i < lay.nweights; i++)
	{
		const int	limbs = ppdl_encrypted_predict_limbs(&lay);
		PpdlPt		pt;

		OK(ppdl_pt_alloc(&d->f->ev, &pt, limbs, &err));
		OK(ppdl_encode_slots(d->f->par, &pt, z + (size_t) i * lay.period, lay.period, PPDL_SGD_SCALE, limbs, &err));
		OK(ppdl_encrypt_secret(&d->f->ev, &w[i], &pt, d->f->sk, d->f->rng, &err));
		ppdl_pt_release(&d->f->ev, &pt);
	}
	OK(ppdl_halfboot_create(&hb, &d->f->ev, &err));
	drop_labels(&r);
	seen.net = net;
	OK(ppdl_encrypted_predict(&(PpdlEncryptedPrediction) {&d->f->ev, hb, net, w, r.ts, check_rows, count_told, &seen},
							  &err));
	assert_int_equal(seen.rows, r.n);
	assert_int_equal(seen.told, r.n);
	assert_int_equal(seen.chunks, 1);
	precision_print(&seen.p, "predictions with encrypted weights");
	assert_true(precision_worst(&seen.p) >= 18);
	print_message("estimate %.2f bits\n", -log2(seen.estimate));
	assert_true(precision_rms(&seen.p) < seen.estimate && seen.estimate < 0x1p-13);
	for (int i = 0; i < lay.nweights; i++)
		ppdl_ct_release(&d->f->ev, &w[i]);
	ppdl_halfboot_destroy(hb);
	ppdl_net_destroy(net);
	free(z);
	free_rows(&r);
	deep_free(d);
}

static void
predict(void **state)
{
	predict_with("{\"inputs\":13,\"layers\":[{\"units\":3,\"activation\":\"quadratic\"},{\"units\":3}]}", 3);
	predict_with("{\"inputs\":13,\"layers\":[{\"units\":3}]}", 3);
	predict_with("{\"inputs\":13,\"layers\":[{\"units\":2,\"activation\":{\"name\":\"tanh\",\"degree\":7}}]}", 2);
	predict_with("{\"inputs\":13,\"layers\":[{\"units\":3,\"activation\":\"quadratic\"},{\"units\":1,\"activation\":\"sigmoid\"}]}", 1);
	predict_with("{\"inputs\":13,\"layers\":[{\"units\":7,\"activation\":\"quadratic\"},{\"units\":9,\"activation\":\"square\"},{\"units\":2}]}", 2);
	predict_with("{\"inputs\":13,\"layers\":[{\"units\":3,\"activation\":\"square\"},{\"units\":9,\"activation\":{\"poly\":[0.1,0.5,-0.25,0.1]}},{\"units\":2}]}", 2);
}

static void
refused(void **state)
{
	static const struct
	{
		const char *layers,
				   *why;
	}			bad[] = {
		{"{\"units\":300}", "with one more input for the bias, come to 16 x 512 = 8192"},
		{"{\"units\":4,\"activation\":\"square\"},{\"units\":4,\"activation\":\"square\"},{\"units\":4,\"activation\":\"square\"},{\"units\":1}", "It has 3 hidden layers"},
		{"{\"units\":4,\"activation\":\"relu\",\"degree\":4},{\"units\":1}", "hidden layer 1, relu, has degree 4"},
		{"{\"units\":4,\"activation\":\"square\"},{\"units\":4},{\"units\":1}",
		 "hidden layer 2, identity, has degree 1"},
		{"{\"units\":4,\"activation\":{\"poly\":[0,1,0.5,0.001]}},{\"units\":1}",
		 "0.001 z^3; a highest coefficient below 1/256"},
		{"{\"units\":4,\"activation\":\"tanh\"},{\"units\":4,\"activation\":\"tanh\"},{\"units\":1}",
		 "layers of degree 3 and 3 a training step takes 11 levels, and a bootstrap leaves 10"},
		{"{\"units\":4,\"activation\":\"quadratic\"},{\"units\":1,\"activation\":\"square\"}",
		 "output layer is square; encrypted training takes identity, or tanh or sigmoid"},
		{"{\"units\":1,\"activation\":{\"poly\":[0,1,0.1]}}", "output layer is poly"},
		{"{\"units\":1,\"activation\":{\"name\":\"sigmoid\",\"interval\":[900,1000]}}", "sigmoid, is constant on [900, 1000]"},
		{"{\"units\":4,\"activation\":\"square\"},{\"units\":4,\"activation\":\"square\"},{\"units\":1,\"activation\":\"tanh\"}",
		 "of degree 2 and 2 and outputs of degree 3 a training step takes 11 levels, and a bootstrap leaves 10"},
		{"{\"units\":256,\"activation\":\"quadratic\"},{\"units\":1}", "16 x 512 x 1 = 8192"},
		{"{\"units\":15,\"activation\":\"square\"},{\"units\":16,\"activation\":\"square\"},{\"units\":5}",
		 "32 x 16 x 8 = 4096"},
	};
	const PpdlParams *par;
	PpdlSlotLayout lay;
	PpdlNet    *net;

	OK(ppdl_params_get(PPDL_RING_DEEP, &par, &err));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
	{
		char		spec[512];

		snprintf(spec, sizeof(spec), "{\"inputs\":8,\"layers\":[%s]}", bad[i].layers);
		OK(ppdl_net_parse(&net, spec, &err));
		assert_int_equal(ppdl_slot_layout(&lay, par, net, 8, &err), PPDL_ERR_ARGUMENT);
		print_message("%s: %s\n", err.message, err.detail);
		assert_non_null(strstr(err.detail, bad[i].why));
		ppdl_net_destroy(net);
	}
	/* relu is an even function beside x/2: its degree 3 is 2 */
	OK(ppdl_net_parse(&net, "{\"inputs\":8,\"layers\":[{\"units\":4,\"activation\":\"relu\"},{\"units\":1}]}", &err));
	OK(ppdl_slot_layout(&lay, par, net, 8, &err));
	assert_int_equal(lay.step_levels, 5);
	assert_int_equal(ppdl_slot_layout(&lay, par, net, 9, &err), PPDL_ERR_ARGUMENT);
	OK(ppdl_slot_check_loss(net, PPDL_LOSS_SQUARED, &err));
	assert_int_equal(ppdl_slot_check_loss(net, PPDL_LOSS_LOGISTIC, &err), PPDL_ERR_ARGUMENT);
	assert_non_null(strstr(err.message, "output layer of this network has identity"));
	ppdl_net_destroy(net);
	OK(ppdl_net_parse(&net, "{\"inputs\":8,\"layers\":[{\"units\":1,\"activation\":\"tanh\"}]}", &err));
	OK(ppdl_slot_check_loss(net, PPDL_LOSS_LOGISTIC, &err));
	assert_int_equal(ppdl_slot_check_loss(net, PPDL_LOSS_SQUARED, &err), PPDL_ERR_ARGUMENT);
	assert_non_null(strstr(err.hint, "\"loss\": \"logistic\""));
	ppdl_net_destroy(net);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused),
		cmocka_unit_test(one_output),
		cmocka_unit_test(linear),
		cmocka_unit_test(gaps),
		cmocka_unit_test(logistic),
		cmocka_unit_test(compact_rows),
		cmocka_unit_test(writers_rows),
		cmocka_unit_test(with_bias_and_scale),
		cmocka_unit_test(long_weights),
		cmocka_unit_test(no_momentum_negative_square),
		cmocka_unit_test(three_classes),
		cmocka_unit_test(two_hidden_layers),
		cmocka_unit_test(cubic),
		cmocka_unit_test(predict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
