#include "cli/study_methods.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "cli/arraytext.h"
#include "cli/clock.h"
#include "cli/study_clock.h"
#include "net/json.h"
#include "net/net.h"
#include "stats/logistic.h"
#include "stats/metrics.h"

#define SCALE_BITS 30			/* of encrypted rows, as ppdl encrypt has it */
#define RSA_ROWS 256			/* encrypted at a time */
#define SECURITY_BITS 128
#define CURVE_POINTS 16

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

static size_t
scores_of(const PpdlTask *t)
{
	return (size_t) t->split->test.n * (size_t) t->split->fs->outputs;
}

static int
was_interrupted(void *arg)
{
	(void) arg;
	return ppdl_db_interrupted();
}

/* ------------------------------------------------------------------ without a server */

/* every row gets the shares of the classes among the training rows */
static PpdlStatus
majority(PpdlOutcome *out, const PpdlTask *t, PpdlError *err)
{
	const PpdlStudyRows *train = &t->split->train;
	const int	outputs = t->split->fs->outputs;
	const double start = ppdl_wall_seconds();
	double	   *share = calloc((size_t) t->data->classes, sizeof *share);

	if (share == NULL)
		return no_memory(err);
	for (long i = 0; i < train->n; i++)
		share[train->truth[i]] += 1.0 / (double) train->n;
	out->train_s = ppdl_wall_seconds() - start;
	for (long i = 0; i < t->split->test.n; i++)
		for (int j = 0; j < outputs; j++)
			out->scores[i * outputs + j] = 2 * share[outputs == 1 ? 1 : j] - 1;
	out->predict_s = ppdl_wall_seconds() - start - out->train_s;
	free(share);
	return PPDL_OK;
}

static PpdlStatus
logistic(PpdlOutcome *out, const PpdlTask *t, PpdlError *err)
{
	const PpdlPoll poll = {was_interrupted, NULL};
	const PpdlLogisticOptions opt = {.poll = &poll};
	const PpdlStudyRows *train = &t->split->train;
	double		start = ppdl_wall_seconds();
	PpdlLogistic *model;

	PPDL_TRY(ppdl_logistic_fit(&model, train->x, train->truth, train->n, t->split->fs->inputs, t->data->classes, &opt,
							   err));
	out->train_s = ppdl_wall_seconds() - start;
	start = ppdl_wall_seconds();
	ppdl_logistic_scores(model, t->split->test.x, t->split->test.n, out->scores);
	out->predict_s = ppdl_wall_seconds() - start;
	ppdl_logistic_free(model);
	return PPDL_OK;
}

/* ------------------------------------------------------------------ in the clear, in the server */

static PpdlStatus
timed_train(PpdlOutcome *out, const PpdlTask *t, PpdlDb *db, const char *options, PpdlError *err)
{
	const double start = ppdl_wall_seconds();

	PPDL_TRY(ppdl_study_train(t->server, db, "train", options, err));
	out->train_s = ppdl_wall_seconds() - start;
	return ppdl_study_steps(t->server, db, &out->steps, err);
}

static PpdlStatus
take_weights(PpdlOutcome *out, const PpdlTask *t, PpdlDb *db, PpdlError *err)
{
	PpdlNet    *net;
	char	   *text;
	PpdlStatus	status;

	PPDL_TRY(ppdl_net_parse(&net, t->network->spec, err));
	out->nweights = ppdl_net_weight_count(net);
	ppdl_net_destroy(net);
	out->weights = calloc((size_t) out->nweights + 1, sizeof *out->weights);
	if (out->weights == NULL)
		return no_memory(err);
	PPDL_TRY(ppdl_study_weights(t->server, db, &text, err));
	status = ppdl_array_numbers(text, out->weights, out->nweights, err);
	free(text);
	return status;
}

static PpdlStatus
predict_plain(double *scores, const PpdlTask *t, PpdlDb *db, double *result_bytes, PpdlError *err)
{
	char	   *text;
	PpdlStatus	status;

	PPDL_TRY(ppdl_study_predict(t->server, db, "test", 0, &text, err));
	status = ppdl_array_numbers(text, scores, (long) scores_of(t), err);
	if (result_bytes)
		*result_bytes = (double) (scores_of(t) * sizeof *scores);
	free(text);
	return status;
}

/* the numbers of steps at which a curve is looked at: all when they are few, else denser at first */
static int
curve_steps(int steps, int at[CURVE_POINTS])
{
	int			n = 0;

	for (int i = 1; i <= CURVE_POINTS; i++)
	{
		int			s = steps <= CURVE_POINTS ? i : (int) round(pow(steps, (double) i / CURVE_POINTS));

		if (s <= steps && (n == 0 || s > at[n - 1]))
			at[n++] = s;
	}
	return n;
}

/* the same training with fewer steps; its first mini-batches are the same */
static char *
options_for(const char *options, int steps)
{
	json_t	   *json = json_loads(options, 0, NULL);
	char	   *text = NULL;

	json_object_del(json, "epochs");
	if (json && json_object_set_new(json, "steps", json_integer(steps)) == 0)
		text = ppdl_json_dump(json);
	json_decref(json);
	return text;
}

static PpdlStatus
curve_point(PpdlOutcome *out, const PpdlTask *t, PpdlDb *db, int steps, double *scores, PpdlError *err)
{
	char	   *options = options_for(t->options, steps);
	PpdlMetrics m;
	PpdlStatus	status;
	json_t	   *point = json_array();

	ppdl_json_append(&point, json_integer(steps));
	status = options ? ppdl_study_train(t->server, db, "train", options, err) : no_memory(err);
	if (status == PPDL_OK)
		status = predict_plain(scores, t, db, NULL, err);
	if (status == PPDL_OK)
		status = ppdl_metrics(&m, t->split->test.truth, scores, t->split->test.n, t->split->fs->outputs, err);
	if (status == PPDL_OK)
		ppdl_json_append(&point, json_real(m.accuracy));
	free(options);
	if (status == PPDL_OK)
		ppdl_json_append(&out->curve, point);
	else
		json_decref(point);
	return status;
}

/* test accuracy against steps, by trainings that are cut short */
static PpdlStatus
draw_curve(PpdlOutcome *out, const PpdlTask *t, PpdlDb *db, PpdlError *err)
{
	int			at[CURVE_POINTS];
	int			n = curve_steps((int) out->steps, at);
	double	   *scores = calloc(scores_of(t) + 1, sizeof *scores);
	PpdlStatus	status = PPDL_OK;

	out->curve = json_array();
	if (scores == NULL || out->curve == NULL)
		status = no_memory(err);
	for (int i = 0; i < n && status == PPDL_OK; i++)
		status = curve_point(out, t, db, at[i], scores, err);
	free(scores);
	return status;
}

static PpdlStatus
plain(PpdlOutcome *out, const PpdlTask *t, PpdlDb *db, PpdlError *err)
{
	const PpdlStudySplit *s = t->split;
	const int	backend = ppdl_backend_here(db);
	double		start,
				cpu;

	PPDL_TRY(ppdl_study_put_plain(t->server, db, "train", &s->train, s->fs->inputs, s->fs->outputs, err));
	PPDL_TRY(ppdl_study_put_plain(t->server, db, "test", &s->test, s->fs->inputs, s->fs->outputs, err));
	PPDL_TRY(ppdl_study_row_bytes(t->server, db, "test", &out->row_bytes, err));
	PPDL_TRY(ppdl_study_create_model(t->server, db, t->network->spec, NULL, err));
	cpu = ppdl_cpu_seconds() + ppdl_backend_cpu_seconds(backend);
	PPDL_TRY(timed_train(out, t, db, t->options, err));
	out->train_cpu_s = ppdl_cpu_seconds() + ppdl_backend_cpu_seconds(backend) - cpu;
	start = ppdl_wall_seconds();
	PPDL_TRY(predict_plain(out->scores, t, db, &out->result_bytes, err));
	out->predict_s = ppdl_wall_seconds() - start;
	return take_weights(out, t, db, err);
}

/* ------------------------------------------------------------------ on encrypted rows */

static PpdlStatus
check_values(const PpdlValues *v, const PpdlTask *t, PpdlError *err)
{
	if (v->nrows == t->split->test.n && v->held == v->nrows && v->width == t->split->fs->outputs)
		return PPDL_OK;
	return ppdl_error(err, PPDL_ERR_FORMAT, "%u predictions of width %d for %ld rows and %d outputs", v->nrows,
					  v->width, t->split->test.n, t->split->fs->outputs);
}

static PpdlStatus
decrypt_scores(PpdlOutcome *out, const PpdlTask *t, const char *text, PpdlError *err)
{
	const double start = ppdl_wall_seconds();
	const int	outputs = t->split->fs->outputs;
	PpdlValues	v;
	PpdlStatus	status;

	out->result_bytes = floor((double) strlen(text) / 4) * 3;
	PPDL_TRY(ppdl_study_keys_decrypt(t->keys, text, strlen(text), &v, err));
	status = check_values(&v, t, err);
	for (long i = 0; i < t->split->test.n && status == PPDL_OK; i++)
		memcpy(out->scores + i * outputs, ppdl_values_row(&v, (uint32_t) i), (size_t) outputs * sizeof *out->scores);
	ppdl_values_free(&v);
	out->decrypt_s = ppdl_wall_seconds() - start;
	return status;
}

static PpdlStatus
predict_encrypted(PpdlOutcome *out, const PpdlTask *t, PpdlDb *db, int weight_bits, PpdlError *err)
{
	const double start = ppdl_wall_seconds();
	char	   *text;
	PpdlStatus	status;

	PPDL_TRY(ppdl_study_predict(t->server, db, "test", weight_bits, &text, err));
	out->predict_s = ppdl_wall_seconds() - start;
	status = ppdl_db_interrupted() ? ppdl_error(err, PPDL_ERR_CANCELED, "interrupted") :
		decrypt_scores(out, t, text, err);
	free(text);
	return status;
}

/* the plain model of the same split, as an analyst would hand it to the server */
static PpdlStatus
store_plain_model(PpdlOutcome *out, const PpdlTask *t, PpdlDb *db, PpdlError *err)
{
	PpdlWriter	w;
	PpdlStatus	status;

	ppdl_writer_init(&w);
	for (int i = 0; i < t->plain->nweights; i++)
	{
		ppdl_write_u8(&w, i ? ',' : '{');
		ppdl_put_number(&w, t->plain->weights[i]);
	}
	ppdl_write_bytes(&w, "}", 2);
	status = w.bad ? no_memory(err) :
		ppdl_study_create_model(t->server, db, t->network->spec, (const char *) w.buf, err);
	ppdl_writer_free(&w);
	out->steps = t->plain->steps;
	out->train_s = t->plain->train_s;
	out->train_cpu_s = t->plain->train_cpu_s;
	return status;
}

static void
ring_text(char *out, size_t size, uint8_t ring)
{
	const PpdlParams *par;

	*out = 0;
	if (ppdl_params_get(ring, &par, NULL) == PPDL_OK)
		snprintf(out, size, "N = 2^%d, log %s = %.0f", par->logn, par->np ? "QP" : "q", par->log2_q + par->log2_p);
}

static PpdlStatus
lwe_plain_model(PpdlOutcome *out, const PpdlTask *t, PpdlDb *db, PpdlError *err)
{
	const PpdlRowShape shape = {.inputs = t->split->fs->inputs, .scale_bits = SCALE_BITS};
	char		ring[60];
	PpdlRowBatch b;
	PpdlStatus	status = ppdl_row_batch_init(&b, &shape, err);

	out->encrypt_s = 0;
	if (status == PPDL_OK)
		status = ppdl_study_put_lwe(t->server, db, "test", &t->split->test, &b, t->keys->owner, &out->encrypt_s,
									err);
	ring_text(ring, sizeof ring, b.column[0].ring);
	ppdl_row_batch_free(&b);
	PPDL_TRY(status);
	snprintf(out->parameters, sizeof out->parameters, "CKKS: %s", ring);
	out->security_bits = SECURITY_BITS;
	out->key_bytes = t->keys->predict_bytes;
	PPDL_TRY(ppdl_study_row_bytes(t->server, db, "test", &out->row_bytes, err));
	PPDL_TRY(store_plain_model(out, t, db, err));
	return predict_encrypted(out, t, db, 0, err);
}

static PpdlStatus
put_compact(PpdlOutcome *out, const PpdlTask *t, PpdlDb *db, PpdlError *err)
{
	const PpdlRowShape shape = {.inputs = t->split->fs->inputs, .outputs = t->split->fs->outputs, .compact = 1,
								.scale_bits = SCALE_BITS};
	char		rows[60],
				deep[60];
	PpdlRowBatch b;
	PpdlStatus	status = ppdl_row_batch_init(&b, &shape, err);

	out->encrypt_s = 0;
	if (status == PPDL_OK)
		status = ppdl_study_put_lwe(t->server, db, "train", &t->split->train, &b, t->keys->owner,
									&out->encrypt_s, err);
	if (status == PPDL_OK)
		status = ppdl_study_put_lwe(t->server, db, "test", &t->split->test, &b, t->keys->owner, &out->encrypt_s,
									err);
	ring_text(rows, sizeof rows, b.column[0].ring);
	ring_text(deep, sizeof deep, PPDL_RING_DEEP);
	snprintf(out->parameters, sizeof out->parameters, "CKKS: rows %s; training %s", rows, deep);
	ppdl_row_batch_free(&b);
	return status;
}

static PpdlStatus
decrypt_weights(PpdlOutcome *out, const PpdlTask *t, PpdlDb *db, PpdlError *err)
{
	uint8_t    *buf = NULL;
	size_t		len;
	char	   *text;
	PpdlNet    *net = NULL;
	PpdlStatus	status;

	PPDL_TRY(ppdl_study_cipher(t->server, db, &text, err));
	status = ppdl_base64_read(text, strlen(text), &buf, &len, err);
	free(text);
	if (status == PPDL_OK)
		status = ppdl_net_parse(&net, t->network->spec, err);
	if (status == PPDL_OK)
		status = ppdl_owner_decrypt_model(t->keys->owner, net, buf, len, NULL, err);
	free(buf);
	if (status == PPDL_OK)
	{
		out->nweights = ppdl_net_weight_count(net);
		out->weights = calloc((size_t) out->nweights + 1, sizeof *out->weights);
		if (out->weights)
			ppdl_net_get_weights(net, out->weights);
		else
			status = no_memory(err);
	}
	ppdl_net_destroy(net);
	return status;
}

static PpdlStatus
lwe(PpdlOutcome *out, const PpdlTask *t, PpdlDb *db, PpdlError *err)
{
	PPDL_TRY(put_compact(out, t, db, err));
	out->security_bits = SECURITY_BITS;
	out->key_bytes = t->keys->train_bytes;
	PPDL_TRY(ppdl_study_row_bytes(t->server, db, "test", &out->row_bytes, err));
	PPDL_TRY(ppdl_study_create_model(t->server, db, t->network->spec, NULL, err));
	PPDL_TRY(timed_train(out, t, db, t->options, err));
	PPDL_TRY(predict_encrypted(out, t, db, 0, err));
	return decrypt_weights(out, t, db, err);
}

static PpdlStatus
rsa(PpdlOutcome *out, const PpdlTask *t, PpdlDb *db, PpdlError *err)
{
	const PpdlFeatures *fs = t->split->fs;
	const PpdlRsaColumnOptions opt = {.key = t->keys->rsa_file, .input_bits = t->study->input_bits, .randomise = 1};
	PpdlRsaColumns *columns;
	PpdlStatus	status;

	out->encrypt_s = 0;
	PPDL_TRY(ppdl_rsa_columns_open(&columns, &opt, fs, t->data->csv, 0, RSA_ROWS, err));
	status = ppdl_study_put_rsa(t->server, db, "test", &t->split->test, fs->inputs, columns, RSA_ROWS, &out->encrypt_s,
								err);
	ppdl_rsa_columns_close(columns);
	PPDL_TRY(status);
	snprintf(out->parameters, sizeof out->parameters, "RSA-%d, inputs of %d bits, weights of %d bits",
			 ppdl_rsa_key_public(t->keys->rsa)->bits, t->study->input_bits, t->study->weight_bits);
	out->security_bits = SECURITY_BITS;
	out->key_bytes = t->keys->rsa_bytes;
	PPDL_TRY(ppdl_study_row_bytes(t->server, db, "test", &out->row_bytes, err));
	PPDL_TRY(store_plain_model(out, t, db, err));
	return predict_encrypted(out, t, db, t->study->weight_bits, err);
}

/* ------------------------------------------------------------------ any of them */

static const struct
{
	PpdlStatus	(*alone) (PpdlOutcome *out, const PpdlTask *t, PpdlError *err);
	PpdlStatus	(*in_server) (PpdlOutcome *out, const PpdlTask *t, PpdlDb *db, PpdlError *err);
}			methods[PPDL_STUDY_METHODS] = {
	[PPDL_METHOD_MAJORITY] = {majority, NULL},
	[PPDL_METHOD_LOGISTIC] = {logistic, NULL},
	[PPDL_METHOD_PLAIN] = {NULL, plain},
	[PPDL_METHOD_LWE_PLAIN_MODEL] = {NULL, lwe_plain_model},
	[PPDL_METHOD_LWE] = {NULL, lwe},
	[PPDL_METHOD_RSA] = {NULL, rsa},
};

static PpdlStatus
run_in_server(PpdlOutcome *out, PpdlStudyMethod method, const PpdlTask *t, PpdlError *err)
{
	const double cpu = ppdl_cpu_seconds();
	PpdlDb		db = {0};
	PpdlStatus	status = ppdl_study_connect(t->server, &db, err);
	int			backend = status == PPDL_OK ? ppdl_backend_here(&db) : 0;

	if (status == PPDL_OK)
		status = methods[method].in_server(out, t, &db, err);
	if (status == PPDL_OK)
	{
		out->cpu_s = ppdl_cpu_seconds() - cpu + ppdl_backend_cpu_seconds(backend);
		/* that of the plain model, which was trained by another connection */
		if (t->plain != NULL && method != PPDL_METHOD_LWE)
			out->cpu_s += out->train_cpu_s;
		out->peak_rss_bytes = ppdl_backend_peak_bytes(backend);
		if (t->with_curve)
			status = draw_curve(out, t, &db, err);
	}
	ppdl_study_disconnect(t->server, &db);
	return status;
}

PpdlStatus
ppdl_method_run(PpdlOutcome *out, PpdlStudyMethod method, const PpdlTask *task, PpdlError *err)
{
	const double cpu = ppdl_cpu_seconds();

	*out = (PpdlOutcome) {.steps = NAN, .encrypt_s = NAN, .train_s = NAN, .predict_s = NAN, .decrypt_s = NAN,
						  .cpu_s = NAN, .train_cpu_s = NAN, .peak_rss_bytes = NAN, .row_bytes = NAN, .key_bytes = NAN,
						  .result_bytes = NAN, .security_bits = NAN};
	out->scores = calloc(scores_of(task) + 1, sizeof *out->scores);
	if (out->scores == NULL)
		return no_memory(err);
	if (methods[method].in_server)
		return run_in_server(out, method, task, err);
	PPDL_TRY(methods[method].alone(out, task, err));
	out->cpu_s = ppdl_cpu_seconds() - cpu;
	return PPDL_OK;
}

void
ppdl_outcome_free(PpdlOutcome *o)
{
	free(o->scores);
	free(o->weights);
	json_decref(o->curve);
	*o = (PpdlOutcome) {0};
}
