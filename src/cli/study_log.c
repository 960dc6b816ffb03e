#include "cli/study_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/cli.h"
#include "table/infile.h"
#include "table/jsontext.h"
#include "cli/outfile.h"
#include "net/json.h"

/* ------------------------------------------------------------------ is it the same study? */

/* a short text of what it is, or of its not being there; malloc'ed */
static char *
shown(const json_t *v)
{
	return v ? json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS) : strdup("not given");
}

static PpdlStatus
compare_member(const json_t *old, const json_t *new, const char *where, const char *member, PpdlError *err)
{
	const json_t *a = json_object_get(old, member),
			   *b = json_object_get(new, member);
	char	   *was,
			   *is;

	if (a && b && json_equal((json_t *) a, (json_t *) b))
		return PPDL_OK;
	was = shown(a);
	is = shown(b);
	ppdl_error(err, PPDL_ERR_ARGUMENT, "%s\"%s\" was %.*s and is now %.*s", where, member,
			   PPDL_CUT(was ? was : "?", 80),
			   PPDL_CUT(is ? is : "?", 80));
	free(was);
	free(is);
	return PPDL_ERR_ARGUMENT;
}

static int
is_one_of(const char *const *list, const char *member)
{
	while (*list && strcmp(*list, member) != 0)
		list++;
	return *list != NULL;
}

static PpdlStatus
compare_members(const json_t *old, const json_t *new, const char *where, const char *const *may_differ, PpdlError *err)
{
	const char *member;
	json_t	   *value;

	json_object_foreach((json_t *) old, member, value)
		if (!is_one_of(may_differ, member))
			PPDL_TRY(compare_member(old, new, where, member, err));
	json_object_foreach((json_t *) new, member, value)
		if (!is_one_of(may_differ, member))
			PPDL_TRY(compare_member(old, new, where, member, err));
	return PPDL_OK;
}

static const json_t *
find_set(const json_t *study, const char *name)
{
	size_t		i;
	json_t	   *set;

	json_array_foreach(json_object_get(study, "datasets"), i, set)
	{
		const char *s = json_string_value(json_object_get(set, "name"));

		if (s != NULL && strcmp(s, name) == 0)
			return set;
	}
	return NULL;
}

PpdlStatus
ppdl_study_compare(const json_t *old, const json_t *new, PpdlError *err)
{
	static const char *const study_may[] = {"datasets", "networks", "methods", NULL};
	static const char *const set_may[] = {"file", "networks", "sha256", NULL};
	size_t		i;
	json_t	   *set;

	PPDL_TRY(compare_members(old, new, "", study_may, err));
	json_array_foreach(json_object_get(new, "datasets"), i, set)
	{
		const char *name = json_string_value(json_object_get(set, "name"));
		const json_t *before = name ? find_set(old, name) : NULL;
		char		where[100];

		snprintf(where, sizeof where, "dataset \"%.*s\": ", PPDL_CUT(name ? name : "", 60));
		if (before != NULL)
			PPDL_TRY(compare_members(before, set, where, set_may, err));
	}
	return PPDL_OK;
}

/* ------------------------------------------------------------------ study.json */

/* with the datasets that only the old one has, whose results stay; takes no reference */
static json_t *
union_of(const json_t *old, const json_t *new)
{
	json_t	   *both = json_deep_copy(new);
	json_t	   *sets = json_object_get(both, "datasets");
	size_t		i;
	json_t	   *set;

	json_array_foreach(json_object_get(old, "datasets"), i, set)
	{
		const char *name = json_string_value(json_object_get(set, "name"));
		const char *sha256 = json_string_value(json_object_get(set, "sha256"));
		const json_t *now = name ? find_set(both, name) : NULL;

		if (name && now == NULL)
			json_array_append(sets, set);
		else if (now && sha256 && json_object_get(now, "sha256") == NULL)
			json_object_set_new((json_t *) now, "sha256", json_string(sha256));
	}
	return both;
}

static PpdlStatus
write_json(const char *path, const json_t *json, PpdlError *err)
{
	PpdlOutFile out;

	PPDL_TRY(ppdl_out_open(&out, path, 0666, err));
	if (json_dumpf(json, out.f, JSON_INDENT(2) | JSON_REAL_PRECISION(17)) != 0)
	{
		ppdl_out_abort(&out);
		return ppdl_error(err, PPDL_ERR_IO, "cannot write \"%s\"", path);
	}
	fputc('\n', out.f);
	return ppdl_out_commit(&out, err);
}

static PpdlStatus
path_in(char **out, const char *directory, const char *name, PpdlError *err)
{
	if (asprintf(out, "%s/%s", directory, name) >= 0)
		return PPDL_OK;
	*out = NULL;
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

/* other results than these are in the way */
static PpdlStatus
differs(const PpdlStudyLog *log, PpdlStatus status, PpdlError *err)
{
	char		text[sizeof err->message];

	if (status != PPDL_ERR_ARGUMENT)
		return status;
	snprintf(text, sizeof text, "\"%.*s\" holds results of another study: %.*s",
			 PPDL_CUT(log->directory, 60), PPDL_CUT(err->message, 200));
	memcpy(err->message, text, sizeof text);
	return ppdl_error_hint(err, status, "Give the options of before to go on with it, or another directory to begin "
						   "anew.");
}

static PpdlStatus
keep_study(PpdlStudyLog *log, json_t *study, PpdlError *err)
{
	char	   *path;
	json_t	   *old = NULL,
			   *both = NULL;
	PpdlStatus	status;

	PPDL_TRY(path_in(&path, log->directory, "study.json", err));
	status = access(path, F_OK) == 0 ? ppdl_read_json(&old, path, err) : PPDL_OK;
	if (status == PPDL_OK && old)
		status = differs(log, ppdl_study_compare(old, study, err), err);
	if (status == PPDL_OK)
		both = old ? union_of(old, study) : json_incref(study);
	if (status == PPDL_OK && both == NULL)
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	if (status == PPDL_OK && (old == NULL || !json_equal(old, both)))
		status = write_json(path, both, err);
	json_decref(old);
	json_decref(both);
	free(path);
	return status;
}

PpdlStatus
ppdl_study_log_data(PpdlStudyLog *log, PpdlStudy *study, const char *dataset, const char *sha256, PpdlError *err)
{
	json_t	   *set = (json_t *) find_set(study->json, dataset);
	char	   *path;
	json_t	   *old;
	const char *before;
	PpdlStatus	status;

	PPDL_TRY(path_in(&path, log->directory, "study.json", err));
	status = ppdl_read_json(&old, path, err);
	free(path);
	PPDL_TRY(status);
	before = json_string_value(json_object_get(find_set(old, dataset), "sha256"));
	if (before != NULL && strcmp(before, sha256) != 0)
		status = differs(log, ppdl_error(err, PPDL_ERR_ARGUMENT, "the file of dataset \"%.*s\" has changed",
										 PPDL_CUT(dataset, 60)),
						 err);
	json_decref(old);
	PPDL_TRY(status);
	if (set == NULL || json_object_set_new(set, "sha256", json_string(sha256)) != 0)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	return before ? PPDL_OK : keep_study(log, study->json, err);
}

/* ------------------------------------------------------------------ results.jsonl */

static PpdlStatus
put_line(FILE *f, const json_t *run, PpdlError *err)
{
	PpdlWriter	w;
	int			written;

	ppdl_writer_init(&w);
	ppdl_json_put(&w, run);
	ppdl_write_u8(&w, '\n');
	written = !w.bad && fwrite(w.buf, 1, w.len, f) == w.len;
	if (!written && !w.bad)
		ppdl_os_error(err, "write", "results.jsonl");
	else if (w.bad)
		ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	ppdl_writer_free(&w);
	return written ? PPDL_OK : PPDL_ERR_IO;
}

/* what can be gone on with: lines that are whole, of runs that did not fail */
static PpdlStatus
rewrite(PpdlStudyLog *log, PpdlError *err)
{
	PpdlOutFile out;
	PpdlStatus	status = PPDL_OK;

	PPDL_TRY(ppdl_out_open(&out, log->results, 0666, err));
	for (long i = 0; log->before && i < log->before->nruns && status == PPDL_OK; i++)
		if (log->before->run[i].error == NULL)
			status = put_line(out.f, log->before->run[i].json, err);
	if (status == PPDL_OK)
		return ppdl_out_commit(&out, err);
	ppdl_out_abort(&out);
	return status;
}

/* a last line without its end was being written when the tool was killed */
static PpdlStatus
cut_last_line(const char *path, off_t *left, PpdlError *err)
{
	PpdlWriter	w;
	const char *end;
	PpdlStatus	status;

	ppdl_writer_init(&w);
	status = ppdl_read_whole(path, &w, err);
	if (status == PPDL_OK)
	{
		end = w.len ? memrchr(w.buf, '\n', w.len) : NULL;
		*left = end ? (off_t) (end - (const char *) w.buf) + 1 : 0;
		if (*left < (off_t) w.len && truncate(path, *left) != 0)
			status = ppdl_os_error(err, "write", path);
	}
	ppdl_writer_free(&w);
	return status;
}

static PpdlStatus
load_results(PpdlStudyLog *log, PpdlError *err)
{
	off_t		left;
	long		failed = 0;

	if (access(log->results, F_OK) != 0)
		return PPDL_OK;
	PPDL_TRY(cut_last_line(log->results, &left, err));
	if (left == 0)
		return PPDL_OK;
	PPDL_TRY(ppdl_results_load(&log->before, log->results, err));
	if (log->before->nbad > 0)
	{
		*err = log->before->bad[0];
		return ppdl_error_hint(err, err->code, "Mend or remove the line, or give another directory.");
	}
	for (long i = 0; i < log->before->nruns; i++)
		failed += log->before->run[i].error != NULL;
	return failed > 0 ? rewrite(log, err) : PPDL_OK;
}

PpdlStatus
ppdl_study_log_add(PpdlStudyLog *log, const json_t *run, PpdlError *err)
{
	FILE	   *f = fopen(log->results, "a");
	PpdlStatus	status;

	if (f == NULL)
		return ppdl_os_error(err, "open", log->results);
	status = put_line(f, run, err);
	if (status == PPDL_OK && (fflush(f) != 0 || fsync(fileno(f)) != 0))
		status = ppdl_os_error(err, "write", log->results);
	if (fclose(f) != 0 && status == PPDL_OK)
		status = ppdl_os_error(err, "write", log->results);
	return status;
}

int
ppdl_study_log_has(const PpdlStudyLog *log, const PpdlStudyPlace *place)
{
	for (long i = 0; log->before && i < log->before->nruns; i++)
	{
		const PpdlRun *run = &log->before->run[i];

		if (run->error == NULL && strcmp(run->dataset, place->dataset) == 0 &&
			strcmp(run->network, place->network) == 0 && strcmp(run->method, place->method) == 0 &&
			(int) run->repeat == place->repeat && (int) run->split == place->split)
			return 1;
	}
	return 0;
}

/* ------------------------------------------------------------------ the directory */

static PpdlStatus
lock(PpdlStudyLog *log, PpdlError *err)
{
	log->lock = open(log->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (log->lock < 0)
		return ppdl_os_error(err, "open", log->directory);
	if (flock(log->lock, LOCK_EX | LOCK_NB) == 0)
		return PPDL_OK;
	if (errno == EWOULDBLOCK)
		return ppdl_error(err, PPDL_ERR_IO, "another ppdl study is at work in \"%s\"", log->directory);
	return ppdl_os_error(err, "lock", log->directory);
}

/* results of which nothing says how they were made */
static PpdlStatus
check_results(PpdlStudyLog *log, PpdlError *err)
{
	char	   *study;
	int			strange;

	PPDL_TRY(path_in(&study, log->directory, "study.json", err));
	strange = access(log->results, F_OK) == 0 && access(study, F_OK) != 0;
	free(study);
	if (!strange)
		return PPDL_OK;
	ppdl_error(err, PPDL_ERR_ARGUMENT, "\"%.*s\" has results.jsonl, but no study.json to say what they are of",
			   PPDL_CUT(log->directory, 100));
	return ppdl_error_hint(err, PPDL_ERR_ARGUMENT, "Give another directory.");
}

PpdlStatus
ppdl_study_log_open(PpdlStudyLog *log, const char *directory, const PpdlStudy *study, PpdlError *err)
{
	*log = (PpdlStudyLog) {.lock = -1};
	if (mkdir(directory, 0777) != 0 && errno != EEXIST)
		return ppdl_os_error(err, "make directory", directory);
	log->directory = strdup(directory);
	if (log->directory == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	PPDL_TRY(path_in(&log->results, directory, "results.jsonl", err));
	PPDL_TRY(lock(log, err));
	PPDL_TRY(check_results(log, err));
	PPDL_TRY(keep_study(log, study->json, err));
	return load_results(log, err);
}

void
ppdl_study_log_close(PpdlStudyLog *log)
{
	ppdl_results_destroy(log->before);
	if (log->lock >= 0)
		close(log->lock);
	free(log->directory);
	free(log->results);
	*log = (PpdlStudyLog) {.lock = -1};
}
