#include "report/report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report/report_impl.h"

static const struct
{
	const char *name;
	PpdlStatus	(*render) (PpdlWriter *w, const PpdlSummary *s, PpdlError *err);
}			forms[] = {
	{"report.html", ppdl_report_html},
	{"report.md", ppdl_report_markdown},
	{"report.csv", ppdl_report_csv},
};

/* what is not whole never bears the name; temporary is path with something behind it */
static PpdlStatus
save(const PpdlWriter *w, const char *path, const char *temporary, PpdlError *err)
{
	FILE	   *f = fopen(temporary, "w");
	int			failed;

	if (f == NULL)
		return ppdl_error(err, PPDL_ERR_IO, "cannot write \"%s\": %s", path, strerror(errno));
	failed = fwrite(w->buf, 1, w->len, f) != w->len ? errno : 0;
	if (fclose(f) != 0 && !failed)
		failed = errno;
	if (!failed && rename(temporary, path) != 0)
		failed = errno;
	if (!failed)
		return PPDL_OK;
	unlink(temporary);
	return ppdl_error(err, PPDL_ERR_IO, "cannot write \"%s\": %s", path, strerror(failed));
}

static PpdlStatus
save_in(const PpdlWriter *w, const char *directory, const char *name, PpdlError *err)
{
	PpdlStatus	status;
	char	   *path,
			   *temporary;

	if (asprintf(&path, "%s/%s", directory, name) < 0)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	if (asprintf(&temporary, "%s.tmp%ld", path, (long) getpid()) < 0)
	{
		free(path);
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	status = save(w, path, temporary, err);
	free(temporary);
	free(path);
	return status;
}

static PpdlStatus
write_forms(const char *directory, const PpdlResults *results, PpdlError *err)
{
	PpdlSummary summary;
	PpdlStatus	status = ppdl_summarise(&summary, results, err);

	for (size_t i = 0; status == PPDL_OK && i < sizeof forms / sizeof *forms; i++)
	{
		PpdlWriter	w;

		ppdl_writer_init(&w);
		status = forms[i].render(&w, &summary, err);
		if (status == PPDL_OK)
			status = save_in(&w, directory, forms[i].name, err);
		ppdl_writer_free(&w);
	}
	ppdl_summary_free(&summary);
	return status;
}

PpdlStatus
ppdl_report_write(const char *directory, PpdlError *err)
{
	PpdlResults *results;
	PpdlStatus	status;
	char	   *path;

	if (asprintf(&path, "%s/results.jsonl", directory) < 0)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	status = ppdl_results_load(&results, path, err);
	free(path);
	if (status == PPDL_OK)
		status = write_forms(directory, results, err);
	ppdl_results_destroy(results);
	return status;
}
