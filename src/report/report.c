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
	void		(*render) (PpdlWriter *w, const PpdlResults *results);
}			forms[] = {
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
write_form(const char *directory, int form, const PpdlResults *results, PpdlError *err)
{
	PpdlStatus	status = PPDL_ERR_NOMEM;
	PpdlWriter	w;
	char	   *path = NULL,
			   *temporary = NULL;

	ppdl_writer_init(&w);
	forms[form].render(&w, results);
	if (w.bad || asprintf(&path, "%s/%s", directory, forms[form].name) < 0)
	{
		path = NULL;
		ppdl_error(err, status, "out of memory");
	}
	else if (asprintf(&temporary, "%s.tmp%ld", path, (long) getpid()) < 0)
	{
		temporary = NULL;
		ppdl_error(err, status, "out of memory");
	}
	else
		status = save(&w, path, temporary, err);
	free(temporary);
	free(path);
	ppdl_writer_free(&w);
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
	for (size_t i = 0; status == PPDL_OK && i < sizeof forms / sizeof *forms; i++)
		status = write_form(directory, (int) i, results, err);
	ppdl_results_destroy(results);
	return status;
}
