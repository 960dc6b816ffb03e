/*
 * A line a run, everything but the curves; RFC 4180.
 */
#include <string.h>

#include "report/report_impl.h"

static void
put_field(PpdlWriter *w, const char *s)
{
	ppdl_write_u8(w, '"');
	for (; *s; s++)
	{
		if (*s == '"')
			ppdl_write_u8(w, '"');
		ppdl_write_u8(w, (uint8_t) *s);
	}
	ppdl_write_u8(w, '"');
}

static void
put_text(PpdlWriter *w, const char *s)
{
	if (strpbrk(s, ",\"\r\n;\t") || *s == ' ')
		put_field(w, s);
	else
		ppdl_write_text(w, s);
	ppdl_write_u8(w, ',');
}

static void
put_number(PpdlWriter *w, double v)
{
	char		exact[PPDL_SHOWN];

	ppdl_show_exact(exact, v);
	ppdl_write_text(w, exact);
	ppdl_write_u8(w, ',');
}

/* names, one after the other, with semicolons between them */
static void
put_classes(PpdlWriter *w, const PpdlRun *run)
{
	PpdlWriter	names;

	ppdl_writer_init(&names);
	for (long i = 0; i < ppdl_run_classes(run); i++)
		ppdl_write_format(&names, "%s%s", i ? "; " : "", ppdl_run_class(run, i));
	ppdl_write_u8(&names, 0);
	w->bad |= names.bad;
	if (!names.bad)
		put_text(w, (const char *) names.buf);
	ppdl_writer_free(&names);
}

static void
put_run(PpdlWriter *w, const PpdlRun *run)
{
	put_text(w, run->dataset);
	put_number(w, run->rows);
	put_number(w, run->inputs);
	put_classes(w, run);
	put_text(w, run->network);
	put_text(w, run->method);
	put_number(w, run->split);
	put_number(w, run->splits);
	put_number(w, run->repeat);
	put_number(w, run->seed);
	for (int i = 0; i < PPDL_MEASURES; i++)
		put_number(w, run->value[i]);
	put_number(w, run->security_bits);
	put_text(w, run->parameters);
	put_text(w, run->ppdl);
	put_text(w, run->postgresql);
	put_text(w, run->processor);
	put_number(w, run->cores);
	put_text(w, run->when);
	put_text(w, run->error ? run->error : "");
	/* instead of the last comma */
	if (!w->bad)
		w->len--;
	ppdl_write_u8(w, '\n');
}

PpdlStatus
ppdl_report_csv(PpdlWriter *w, const PpdlSummary *s, PpdlError *err)
{
	ppdl_write_text(w, "dataset,rows,inputs,classes,network,method,split,splits,repeat,seed,");
	for (int i = 0; i < PPDL_MEASURES; i++)
		ppdl_write_format(w, "%s,", ppdl_measure[i].member);
	ppdl_write_text(w, "security_bits,parameters,ppdl,postgresql,processor,cores,when,error\n");
	for (long i = 0; i < s->results->nruns; i++)
		put_run(w, &s->results->run[i]);
	return w->bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}
