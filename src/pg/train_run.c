#include "pg/train_run.h"

#include <stdio.h>

#include "miscadmin.h"
#include "learn/trainer.h"
#include "pg/checkpoint.h"
#include "pg/cipher_datum.h"
#include "pg/keys.h"
#include "pg/watch.h"
#include "utils/ps_status.h"

#define GIGABYTE ((double) (1 << 30))

/* ---- before the start ---- */

static void
check_key(const uint8_t fp[8], uint8_t ring)
{
	char		hex[17];

	ppdl_fingerprint_hex(hex, fp);
	if (!ppdl_key_serves(fp, PPDL_USE_TRAIN, ring))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("key %s of the rows is not published for training", hex),
				 errhint("%s", ppdl_key_serve_hint(fp, PPDL_USE_TRAIN))));
}

void
ppdl_train_check(const PpdlModel *model, const PpdlTrainSet *ts, const char *options)
{
	const PpdlParams *par;
	PpdlSlotLayout lay;
	PpdlTrainOptions opt;
	PpdlError	err;

	ppdl_model_check_store("ppdl_train()");
	PPDL_PG(ppdl_train_options_parse(&opt, options, &err));
	PPDL_PG(ppdl_params_get(PPDL_RING_DEEP, &par, &err));
	PPDL_PG(ppdl_slot_layout(&lay, par, model->net, ts->width_x, &err));
	PPDL_PG(ppdl_slot_check_loss(model->net, opt.loss, &err));
	if (ts->width_y != lay.outputs)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("model \"%s\" has %d outputs, labels have %d values", model->name, lay.outputs, ts->width_y)));
	ppdl_model_join_encoding(model, ts->encoding);
	check_key(ts->fingerprint, ts->par->id);
}

/* bytes that the machine can give, 0 when it does not say */
static double
memory_available(void)
{
	FILE	   *f = fopen("/proc/meminfo", "r");
	char		line[128];
	double		kilobytes = 0;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "MemAvailable: %lf kB", &kilobytes) == 1)
			break;
	if (f != NULL)
		fclose(f);
	return kilobytes * 1024;
}

static void
state_memory(const char *model, const PpdlNet *net, const PpdlTrainOptions *opt, const PpdlTrainSet *ts)
{
	PpdlError	err;
	double		need = (double) ppdl_trainer_memory(net, opt, ts->width_x, ts->rows, &err),
				have = memory_available();

	ereport(NOTICE,
			(errmsg("training model \"%s\" on %llu encrypted rows: %d steps on %d threads, about %.1f GB of memory "
					"besides the cached keys",
					model, (unsigned long long) ts->rows, ppdl_train_steps(opt, ts->rows), ppdl_pg_threads(),
					need / GIGABYTE)));
	if (have > 0 && need > have)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("training needs about %.1f GB of memory, the machine has %.1f GB left", need / GIGABYTE,
						have / GIGABYTE),
				 errhint("Train on fewer rows.")));
}

/* ---- progress ---- */

typedef struct Watch
{
	const char *name;
	PpdlWatch	time;
	int			first;			/* step that the run began with */
} Watch;

static void
show(const Watch *w, const char *what, int done, int total)
{
	char		title[128];

	snprintf(title, sizeof(title), "ppdl_train %s: %s %d of %d", w->name, what, done, total);
	set_ps_display(title);
}

static void
tell_lift(void *arg, uint64_t batches, uint64_t of, const char *what)
{
	Watch	   *w = arg;
	int			done = (int) batches,
				total = (int) of;

	show(w, what, done + 1, total);
	if (!ppdl_watch_due(&w->time))
		return;
	if (done > 0)
		ppdl_tell_progress("training: batch %d of %d being lifted to slots, %.0f s left", done + 1, total,
						   ppdl_watch_elapsed(&w->time) / done * (total - done));
	else
		ppdl_tell_progress("training: batch %d of %d being lifted to slots", done + 1, total);
}

static void
report_step(Watch *w, int done, int total, double step)
{
	show(w, "step", done + 1, total);
	if (!ppdl_watch_due(&w->time))
		return;
	if (step > 0)
		ppdl_tell_progress("training: step %d of %d, %.1f s a step, %.0f s left", done + 1, total, step,
						   step * (total - done));
	else
		ppdl_tell_progress("training: step %d of %d", done + 1, total);
}

/* ---- the run ---- */

typedef struct Run
{
	PpdlEval   *ev;
	PpdlTrainer *trainer;
	PpdlWriter	buffer;			/* state or weights */
	Watch		watch;
	double		before,			/* seconds of earlier parts of the run */
				step;			/* seconds a step, on average, since it was last interrupted */
} Run;

static void
destroy_run(void *arg)
{
	Run		   *r = arg;

	ppdl_trainer_destroy(r->trainer);
	ppdl_writer_free(&r->buffer);
}

/* raises; a run that was canceled says how to go on */
static void
stopped(const Run *r, const PpdlError *err)
{
	if (err->code == PPDL_ERR_CANCELED && !ProcDiePending)
		ppdl_tell("training of model \"%s\" stops after %d steps; ppdl_train_resume('%s') continues it", r->watch.name,
				  r->trainer != NULL ? ppdl_trainer_steps_done(r->trainer) : 0, r->watch.name);
	ppdl_report(err);
}

static void
checkpoint(Run *r, PpdlTrainRun *run)
{
	PpdlError	err;

	ppdl_writer_free(&r->buffer);
	PPDL_PG(ppdl_trainer_save(r->trainer, &r->buffer, &err));
	run->seconds = r->before + ppdl_watch_elapsed(&r->watch.time);
	run->steps = ppdl_trainer_step_count(r->trainer);
	ppdl_checkpoint_step(r->watch.name, run, &r->buffer);
}

static void
all_steps(Run *r, PpdlTrainRun *run)
{
	int			steps = ppdl_trainer_step_count(r->trainer);
	double		lifted = ppdl_watch_elapsed(&r->watch.time);
	PpdlError	err;

	r->watch.first = ppdl_trainer_steps_done(r->trainer);
	for (int done = r->watch.first; done < steps; done++)
	{
		report_step(&r->watch, done, steps, r->step);
		if (ppdl_trainer_step(r->trainer, &err) != PPDL_OK)
			stopped(r, &err);
		checkpoint(r, run);
		r->step = (ppdl_watch_elapsed(&r->watch.time) - lifted) / (done + 1 - r->watch.first);
	}
}

static char *
trained_json(const Run *r, const PpdlTrainRun *run, const PpdlTrainOptions *opt, uint64_t rows, const char *key)
{
	PpdlError	err;
	char	   *options;

	PPDL_PG(ppdl_train_options_json(opt, &options, &err));
	options = ppdl_take_text(options);
	return psprintf("{\"rows\": %llu, \"skipped\": %lld, \"steps\": %d, \"seconds\": %.3f, "
					"\"step_seconds\": %.3f, \"from\": \"%s\", \"key\": \"%s\", \"options\": %s}",
					(unsigned long long) rows, (long long) run->skipped, ppdl_train_steps(opt, rows), run->seconds,
					r->step, run->model, key, options);
}

static struct varlena *
weights(Run *r)
{
	PpdlError	err;
	PpdlWriter	w;

	ppdl_writer_init(&w);
	return ppdl_cipher_result(ppdl_trainer_finish(r->trainer, &w, &err), &w, &err);
}

static char *
train(PpdlTrainRun *run, const void *state, size_t state_len)
{
	Run		   *r = palloc0(sizeof(Run));
	const uint64_t rows = run->ts->rows;
	char		key[17],
				name[PPDL_MODEL_NAME];
	int			version;
	PpdlModel  *model = ppdl_model_open(run->model, CurrentMemoryContext);
	PpdlNet    *net = ppdl_model_untrained(model, CurrentMemoryContext);
	PpdlTrainOptions opt;
	PpdlError	err;

	net->encoding = ppdl_model_join_encoding(model, run->ts->encoding);
	ppdl_fingerprint_hex(key, run->ts->fingerprint);
	ppdl_model_parse_ref(run->model, name, &version);
	PPDL_PG(ppdl_train_options_parse(&opt, run->options, &err));
	PPDL_PG(ppdl_net_init(net, &opt, &err));
	state_memory(name, net, &opt, run->ts);
	r->watch.name = name;
	r->before = run->seconds;
	ppdl_watch_start(&r->watch.time, PPDL_WATCH_TRAINING);
	ppdl_writers_load_keys(run->ts);
	r->ev = ppdl_pg_eval(CurrentMemoryContext, PPDL_RING_DEEP, run->ts->fingerprint);
	ppdl_guard(CurrentMemoryContext, destroy_run, r);
	if (ppdl_trainer_create(&r->trainer, r->ev, net, &opt, run->ts, tell_lift, &r->watch, &err) != PPDL_OK)
		stopped(r, &err);
	if (state != NULL)
		PPDL_PG(ppdl_trainer_restore(r->trainer, state, state_len, &err));
	all_steps(r, run);
	run->seconds = r->before + ppdl_watch_elapsed(&r->watch.time);
	version = ppdl_model_store_encrypted(name, net, weights(r), key, trained_json(r, run, &opt, rows, key));
	ppdl_checkpoint_done(run);
	return psprintf("%s@%d", name, version);
}

char *
ppdl_train_run(PpdlTrainRun *run, const void *state, size_t state_len)
{
	MemoryContext caller = CurrentMemoryContext,
				context = AllocSetContextCreate(caller, "ppdl_train", ALLOCSET_DEFAULT_SIZES);
	int			len;
	char	   *title = pstrdup(get_ps_display(&len)),
			   *ref;

	MemoryContextSwitchTo(context);
	ref = train(run, state, state_len);
	MemoryContextSwitchTo(caller);
	ref = pstrdup(ref);
	MemoryContextDelete(context);
	set_ps_display(title);
	return ref;
}
