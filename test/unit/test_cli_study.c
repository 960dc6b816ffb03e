/* Studies: their files, what is kept of them to go on with, and the splits of their datasets. */
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/arraytext.h"
#include "cli/study_data.h"
#include "cli/study_log.h"
#include "cli/study_network.h"
#include "net/json.h"
#include "net/net.h"
#include "table/infile.h"

static PpdlError err;
static char directory[] = "/tmp/ppdl-study-XXXXXX";

static const char *
path(const char *name)
{
	static char text[4][100];
	static int	turn;

	turn = (turn + 1) % 4;
	snprintf(text[turn], sizeof text[turn], "%s/%s", directory, name);
	return text[turn];
}

static const char *
file(const char *name, const char *text)
{
	FILE	   *f = fopen(path(name), "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	return path(name);
}

/* single quotes stand for double ones */
static json_t *
json(const char *text)
{
	char	   *copy = strdup(text);
	json_t	   *j;

	for (char *p = copy; *p; p++)
		if (*p == '\'')
			*p = '"';
	j = json_loads(copy, 0, NULL);
	if (j == NULL)
		fail_msg("no JSON: %s", copy);
	free(copy);
	return j;
}

static PpdlStudy *
study(const char *text)
{
	json_t	   *j = json(text);
	PpdlStudy  *s;

	if (ppdl_study_create(&s, j, directory, &err) != PPDL_OK)
		fail_msg("%s", err.message);
	json_decref(j);
	return s;
}

#define ONE "{'datasets': [{'file': 'p.csv', 'label': 'Sick', 'id': 'Id'}]"

/* ------------------------------------------------------------------ files */

static void
test_defaults(void **state)
{
	PpdlStudy  *s = study(ONE "}");

	assert_int_equal(s->nsets, 1);
	assert_string_equal(s->set[0].name, "p");
	assert_string_equal(s->set[0].file, path("p.csv"));
	assert_string_equal(s->set[0].encode.learn.label, "Sick");
	assert_string_equal(s->set[0].encode.learn.id, "Id");
	assert_true(s->set[0].encode.learn.max_categories == 32 && s->set[0].encode.learn.one_hot_weight == 1);
	for (int m = 0; m < PPDL_STUDY_METHODS; m++)
		assert_true(s->has_method[m]);
	assert_true(s->folds == 5 && s->repeats == 1 && s->seed == 1 && s->input_bits == 4 && s->weight_bits == 4);
	assert_string_equal(json_string_value(json_array_get(s->set[0].networks, 0)), "suggested");
	ppdl_study_destroy(s);
}

static void
test_datasets(void **state)
{
	PpdlStudy  *s = study("{'datasets': ["
						  "{'name': 'a', 'file': '/data/p.csv', 'label': 'Sick', 'group': 'Patient', 'exclude': ['x', 'y'],"
						  " 'networks': ['linear', '16-8'], 'training': {'steps': 8}, 'delimiter': 'tab', 'pad': true},"
						  "{'name': 'b', 'file': 'p.csv', 'label': 'Sick'}],"
						  "'methods': ['rsa', 'plain'], 'training': {'batch': 64, 'steps': 4}, 'folds': 3}");

	assert_string_equal(s->set[0].file, "/data/p.csv");
	assert_int_equal(s->set[0].encode.exclude.count, 3);	/* the group's column is no input */
	assert_string_equal(s->set[0].encode.learn.exclude[2], "Patient");
	assert_true(s->set[0].encode.delimiter == '\t' && s->set[0].encode.learn.pad);
	assert_int_equal(json_array_size(s->set[0].networks), 2);
	assert_int_equal(json_array_size(s->set[1].networks), 1);
	assert_int_equal(json_integer_value(json_object_get(s->set[0].training, "steps")), 8);
	assert_int_equal(json_integer_value(json_object_get(s->set[0].training, "batch")), 64);
	assert_int_equal(json_integer_value(json_object_get(s->set[1].training, "steps")), 4);
	assert_true(s->has_method[PPDL_METHOD_RSA] && s->has_method[PPDL_METHOD_PLAIN]);
	assert_true(!s->has_method[PPDL_METHOD_LWE] && !s->has_method[PPDL_METHOD_MAJORITY]);
	ppdl_study_destroy(s);
}

static void
test_refused(void **state)
{
	static const struct
	{
		const char *text,
				   *why;
	}			bad[] = {
		{"[]", "an object"},
		{"{}", "datasets"},
		{"{'datasets': []}", "datasets"},
		{"{'datasets': [7]}", "datasets[0]: an object"},
		{"{'datasets': [{'label': 'Sick'}]}", "datasets[0].file is missing"},
		{"{'datasets': [{'file': 'p.csv'}]}", "datasets[0].label is missing"},
		{"{'datasets': [{'file': 'p.csv', 'label': 3}]}", "datasets[0].label"},
		{"{'datasets': [{'file': 'p.csv', 'label': 'a', 'lable': 'b'}]}", "unknown member \"lable\""},
		{"{'datasets': [{'file': 'p.csv', 'label': 'a', 'exclude': 'b'}]}", "datasets[0].exclude"},
		{"{'datasets': [{'file': 'p.csv', 'label': 'a', 'exclude': [1]}]}", "datasets[0].exclude[0]"},
		{"{'datasets': [{'file': 'p.csv', 'label': 'a', 'pad': 1}]}", "datasets[0].pad"},
		{"{'datasets': [{'file': 'p.csv', 'label': 'a', 'delimiter': 'xy'}]}", "datasets[0].delimiter"},
		{"{'datasets': [{'file': 'p.csv', 'label': 'a', 'group': ''}]}", "datasets[0].group"},
		{"{'datasets': [{'file': 'p.csv', 'label': 'a', 'components': 3}]}", "datasets[0].components"},
		{"{'datasets': [{'file': 'p.csv', 'label': 'a', 'training': {'step': 1}}]}", "step"},
		{"{'datasets': [{'file': 'p.csv', 'label': 'a', 'networks': []}]}", "networks"},
		{"{'datasets': [{'file': 'a/p.csv', 'label': 'a'}, {'file': 'b/p.csv', 'label': 'a'}]}", "called \"p\""},
		{ONE ", 'folds': 1}", "folds"},
		{ONE ", 'folds': 2.5}", "folds"},
		{ONE ", 'repeats': 0}", "repeats"},
		{ONE ", 'seed': -1}", "seed"},
		{ONE ", 'methods': []}", "methods"},
		{ONE ", 'methods': ['plain', 'magic']}", "methods[1] is \"magic\""},
		{ONE ", 'networks': ['16-']}", "networks[0]"},
		{ONE ", 'networks': ['16', 'deep']}", "networks[1]"},
		{ONE ", 'networks': ['9999']}", "networks[0]"},
		{ONE ", 'training': []}", "training"},
		{ONE ", 'rsa': {'bits': 3072}}", "bits"},
		{ONE ", 'rsa': {'input_bits': 0}}", "input_bits"},
		{ONE ", 'foldes': 3}", "foldes"},
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
	{
		json_t	   *j = json(bad[i].text);
		PpdlStudy  *s;

		if (ppdl_study_create(&s, j, directory, &err) == PPDL_OK)
			fail_msg("taken: %s", bad[i].text);
		if (strstr(err.message, bad[i].why) == NULL)
			fail_msg("%s: %s", bad[i].text, err.message);
		assert_null(s);
		json_decref(j);
	}
}

/* what the command line says of a CSV file is the same as JSON and back */
static void
test_encode_options(void **state)
{
	json_t	   *in = json("{'id': 'Id', 'label': 'Sick', 'exclude': ['a', 'b,c'], 'columns': ['d'], 'bands': ['d:2'],"
						  "'numeric': ['e'], 'category': ['f'], 'one_hot_weight': 2.5, 'max_categories': 7,"
						  "'constant': true, 'pad': true, 'no_header': true, 'delimiter': ';'}"),
			   *out = json_object();
	PpdlEncodeArgs a;
	const char *member;
	json_t	   *value;

	ppdl_encode_args_init(&a);
	assert_int_equal(ppdl_study_encode_read(&a, in, "x", &err), PPDL_OK);
	assert_true(a.learn.one_hot_weight == 2.5 && a.learn.max_categories == 7 && a.delimiter == ';');
	assert_string_equal(a.learn.exclude[1], "b,c");
	ppdl_study_encode_write(&a, &out);
	assert_true(json_equal(in, out));
	json_object_foreach(in, member, value)
		assert_true(ppdl_study_encode_has(member));
	assert_false(ppdl_study_encode_has("file"));
	json_object_set_new(in, "whiten", json_true());
	assert_int_equal(ppdl_study_encode_read(&a, in, "x", &err), PPDL_ERR_FORMAT);
	assert_non_null(strstr(err.message, "x.whiten"));
	ppdl_encode_args_free(&a);
	json_decref(in);
	json_decref(out);
}

/* ------------------------------------------------------------------ going on */

static PpdlStatus
compare(const char *old, const char *new)
{
	PpdlStudy  *a = study(old),
			   *b = study(new);
	PpdlStatus	status = ppdl_study_compare(a->json, b->json, &err);

	ppdl_study_destroy(a);
	ppdl_study_destroy(b);
	return status;
}

static void
test_compare(void **state)
{
	static const struct
	{
		const char *text,
				   *why;		/* NULL: the same study */
	}			other[] = {
		{ONE "}", NULL},
		{ONE ", 'methods': ['rsa'], 'networks': ['16']}", NULL},
		{"{'datasets': [{'file': 'q.csv', 'label': 'x'}, {'file': 'p.csv', 'label': 'Sick', 'id': 'Id'}]}", NULL},
		{"{'datasets': [{'file': 'q.csv', 'label': 'x'}]}", NULL},
		{"{'datasets': [{'file': '/moved/p.csv', 'label': 'Sick', 'id': 'Id', 'networks': ['8']}]}", NULL},
		{ONE ", 'folds': 4}", "\"folds\" was 5 and is now 4"},
		{ONE ", 'seed': 2}", "\"seed\""},
		{ONE ", 'repeats': 2}", "\"repeats\""},
		{ONE ", 'training': {'steps': 3}}", "\"training\""},
		{ONE ", 'rsa': {'weight_bits': 2}}", "\"rsa\""},
		{"{'datasets': [{'file': 'p.csv', 'label': 'Sick'}]}", "dataset \"p\": \"id\" was \"Id\" and is now not given"},
		{"{'datasets': [{'file': 'p.csv', 'label': 'Sick', 'id': 'Id', 'pad': true}]}", "\"pad\" was not given"},
		{"{'datasets': [{'file': 'p.csv', 'label': 'Ill', 'id': 'Id'}]}", "\"label\" was \"Sick\""},
	};

	for (size_t i = 0; i < sizeof other / sizeof *other; i++)
	{
		PpdlStatus	status = compare(ONE "}", other[i].text);

		if (other[i].why == NULL ? status != PPDL_OK : status != PPDL_ERR_ARGUMENT ||
			strstr(err.message, other[i].why) == NULL)
			fail_msg("%s: %s", other[i].text, status ? err.message : "taken");
	}
}

static void
add(PpdlStudyLog *log, const char *line)
{
	json_t	   *run = json(line);

	assert_int_equal(ppdl_study_log_add(log, run, &err), PPDL_OK);
	json_decref(run);
}

static int
has(const PpdlStudyLog *log, const char *network, const char *method, int repeat, int split)
{
	PpdlStudyPlace place = {.dataset = "p", .network = network, .method = method, .repeat = repeat, .split = split};

	return ppdl_study_log_has(log, &place);
}

#define DONE "'metrics': {'accuracy': 0.5}}"

static void
test_log(void **state)
{
	PpdlStudy  *s = study(ONE "}"),
			   *other = study(ONE ", 'folds': 2}");
	PpdlStudyLog log,
				second;
	FILE	   *f;

	assert_int_equal(ppdl_study_log_open(&log, path("log"), s, &err), PPDL_OK);
	assert_false(has(&log, "", "majority", 1, 1));
	add(&log, "{'dataset': 'p', 'method': 'majority', 'repeat': 1, 'split': 1, " DONE);
	add(&log, "{'dataset': 'p', 'method': 'plain', 'network': '2-1', 'repeat': 1, 'split': 2, " DONE);
	add(&log, "{'dataset': 'p', 'method': 'rsa', 'network': '2-1', 'repeat': 1, 'split': 2, 'error': 'no luck'}");
	/* two at once would do everything twice */
	assert_int_equal(ppdl_study_log_open(&second, path("log"), s, &err), PPDL_ERR_IO);
	assert_non_null(strstr(err.message, "at work"));
	ppdl_study_log_close(&second);
	ppdl_study_log_close(&log);

	/* killed while a line was written */
	f = fopen(path("log/results.jsonl"), "a");
	fputs("{\"dataset\": \"p\", \"method\": \"logis", f);
	fclose(f);
	assert_int_equal(ppdl_study_log_open(&log, path("log"), s, &err), PPDL_OK);
	assert_true(has(&log, "", "majority", 1, 1) && has(&log, "2-1", "plain", 1, 2));
	assert_false(has(&log, "", "majority", 1, 2) || has(&log, "", "majority", 2, 1) || has(&log, "3-1", "plain", 1, 2));
	assert_false(has(&log, "2-1", "rsa", 1, 2));	/* failed ones are tried again */
	add(&log, "{'dataset': 'p', 'method': 'rsa', 'network': '2-1', 'repeat': 1, 'split': 2, " DONE);
	ppdl_study_log_close(&log);
	assert_int_equal(ppdl_study_log_open(&log, path("log"), s, &err), PPDL_OK);
	assert_int_equal(log.before->nruns, 3);
	assert_int_equal(log.before->nbad, 0);
	assert_true(has(&log, "2-1", "rsa", 1, 2));
	ppdl_study_log_close(&log);

	assert_int_equal(ppdl_study_log_open(&log, path("log"), other, &err), PPDL_ERR_ARGUMENT);
	assert_non_null(strstr(err.message, "\"folds\" was 5 and is now 2"));
	ppdl_study_log_close(&log);

	/* a file that is none of ours is left as it is */
	f = fopen(path("log/results.jsonl"), "a");
	fputs("not JSON\n", f);
	fclose(f);
	assert_int_equal(ppdl_study_log_open(&log, path("log"), s, &err), PPDL_ERR_FORMAT);
	assert_non_null(strstr(err.message, "line 4"));
	ppdl_study_log_close(&log);
	unlink(path("log/study.json"));
	assert_int_equal(ppdl_study_log_open(&log, path("log"), s, &err), PPDL_ERR_ARGUMENT);
	assert_non_null(strstr(err.message, "no study.json"));
	ppdl_study_log_close(&log);
	ppdl_study_destroy(s);
	ppdl_study_destroy(other);
}

/* the data may not change under results; a dataset that is no longer asked for stays known */
static void
test_data_changes(void **state)
{
	PpdlStudy  *s = study(ONE "}"),
			   *other = study("{'datasets': [{'file': 'q.csv', 'label': 'x'}]}");
	PpdlStudyLog log;
	json_t	   *kept;

	assert_int_equal(ppdl_study_log_open(&log, path("data"), s, &err), PPDL_OK);
	assert_int_equal(ppdl_study_log_data(&log, s, "p", "aa", &err), PPDL_OK);
	assert_int_equal(ppdl_study_log_data(&log, s, "p", "aa", &err), PPDL_OK);
	ppdl_study_log_close(&log);
	ppdl_study_destroy(s);

	assert_int_equal(ppdl_study_log_open(&log, path("data"), other, &err), PPDL_OK);
	ppdl_study_log_close(&log);
	assert_int_equal(ppdl_read_json(&kept, path("data/study.json"), &err), PPDL_OK);
	assert_int_equal(json_array_size(json_object_get(kept, "datasets")), 2);
	json_decref(kept);

	s = study(ONE "}");
	assert_int_equal(ppdl_study_log_open(&log, path("data"), s, &err), PPDL_OK);
	assert_int_equal(ppdl_study_log_data(&log, s, "p", "bb", &err), PPDL_ERR_ARGUMENT);
	assert_non_null(strstr(err.message, "file of dataset \"p\" has changed"));
	ppdl_study_log_close(&log);
	ppdl_study_destroy(s);
	ppdl_study_destroy(other);
}

/* ------------------------------------------------------------------ splits */

static const char table[] =
"Id,Patient,Age,Town,Sick\n"	/* line 1 */
"1,a,20,Ulm,no\n"
"2,a,30,Ulm,yes\n"
"3,b,40,Bonn,no\n"
"4,b,50,Bonn,\n"				/* line 5: no label */
"5,c,60,\"Bad\nEms\",yes\n"		/* lines 6 and 7 */
"6,c,70,Kiel,no\n"				/* line 8 */
"7,d,80,Bonn,yes\n";

static PpdlStudy *
table_study(const char *text)
{
	file("t.csv", text);
	return study("{'datasets': [{'file': 't.csv', 'label': 'Sick', 'id': 'Id', 'group': 'Patient'}]}");
}

static void
test_split(void **state)
{
	PpdlStudy  *s = table_study(table);
	PpdlStudyData *d;
	PpdlStudySplit split;
	static const int fold[] = {0, 0, 0, 0, 1, 1};
	static const int group[] = {0, 0, 1, 2, 2, 3};
	static const int truth[] = {0, 1, 0, 1, 0, 1};

	assert_int_equal(ppdl_study_data_load(&d, &s->set[0], &err), PPDL_OK);
	assert_int_equal(d->rows, 6);
	assert_int_equal(d->unlabelled, 1);
	assert_int_equal(d->classes, 2);
	assert_string_equal(ppdl_study_data_class(d, 1), "yes");
	assert_memory_equal(d->group, group, sizeof group);
	assert_memory_equal(d->truth, truth, sizeof truth);

	assert_int_equal(ppdl_study_split(&split, d, fold, 1, &err), PPDL_OK);
	assert_true(split.train.n == 4 && split.test.n == 2);
	/* age and three towns: the fourth and ages from 60 on are among the test rows alone */
	assert_int_equal(split.fs->inputs, 4);
	assert_true(split.fs->feature[0].max == 60);
	assert_true(split.unknown == 1 && split.clamped == 2);
	assert_true(split.test.x[0] == 1 && split.test.x[1] == 0 && split.test.x[2] == 0 && split.test.x[3] == 0);
	assert_true(split.train.y[0] == -1 && split.train.y[1] == 1 && split.test.y[0] == -1 && split.test.y[1] == 1);
	ppdl_study_split_free(&split);
	ppdl_study_data_destroy(d);
	ppdl_study_destroy(s);
}

/* the map, too, is of the training rows alone: their values have mean 0, those of others may not */
static void
test_whitened(void **state)
{
	PpdlStudy  *s;
	PpdlStudyData *d;
	PpdlStudySplit split;
	double		mean = 0;
	int			fold[40];
	FILE	   *f = fopen(path("t.csv"), "w");

	fputs("Id,a,b,Sick\n", f);
	for (int i = 0; i < 40; i++)
	{
		fold[i] = i >= 30;
		fprintf(f, "%d,%d,%d,%s\n", i, i * 7 % 30 + 100 * fold[i], i * 11 % 23, i % 3 ? "no" : "yes");
	}
	fclose(f);
	s = study("{'datasets': [{'file': 't.csv', 'label': 'Sick', 'id': 'Id', 'whiten': true, 'components': 2}]}");
	assert_int_equal(ppdl_study_data_load(&d, &s->set[0], &err), PPDL_OK);
	assert_int_equal(ppdl_study_split(&split, d, fold, 1, &err), PPDL_OK);
	assert_non_null(split.fs->map);
	for (long i = 0; i < split.train.n; i++)
		mean += split.train.x[i * split.fs->inputs] / (double) split.train.n;
	assert_true(fabs(mean) < 0.1);
	assert_int_equal(split.clamped, 10);
	ppdl_study_split_free(&split);
	ppdl_study_data_destroy(d);
	ppdl_study_destroy(s);
}

static void
test_bad_data(void **state)
{
	static const struct
	{
		const char *text,
				   *why;
	}			bad[] = {
		{"Id,Patient,Age,Town,Sick\n1,a,20,Ulm,no\n2,a,30\n", "t.csv:3:"},
		{"Id,Patient,Age,Town\n1,a,20,Ulm\n", "Sick"},
		{"Id,Patient,Age,Town,Sick\n1,a,20,Ulm,\n", "no row has a label"},
		{"Id,Age,Town,Sick\n1,20,Ulm,no\n2,30,Ulm,yes\n", "Patient"},
		{"", "t.csv"},
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
	{
		PpdlStudy  *s = table_study(bad[i].text);
		PpdlStudyData *d;

		if (ppdl_study_data_load(&d, &s->set[0], &err) == PPDL_OK)
			fail_msg("taken: %s", bad[i].text);
		if (strstr(err.message, bad[i].why) == NULL)
			fail_msg("%s: %s", bad[i].text, err.message);
		ppdl_study_destroy(s);
	}
	unlink(path("t.csv"));
}

/* numbers are no classes, and a class that only the test rows have cannot be learned */
static void
test_bad_labels(void **state)
{
	static const int fold[] = {0, 0, 0, 1};
	PpdlStudy  *s;
	PpdlStudyData *d;
	PpdlStudySplit split;
	FILE	   *f = fopen(path("t.csv"), "w");

	fputs("Id,Patient,Age,Sick\n", f);
	for (int i = 0; i < 40; i++)
		fprintf(f, "%d,a,%d,%d.5\n", i, i % 7, i);
	fclose(f);
	s = study("{'datasets': [{'file': 't.csv', 'label': 'Sick', 'id': 'Id', 'group': 'Patient'}]}");
	assert_int_equal(ppdl_study_data_load(&d, &s->set[0], &err), PPDL_ERR_FORMAT);
	assert_non_null(strstr(err.message, "is a number, no class"));
	ppdl_study_destroy(s);

	s = table_study("Id,Patient,Age,Sick\n1,a,1,x\n2,b,2,y\n3,c,3,y\n4,d,4,z\n");
	assert_int_equal(ppdl_study_data_load(&d, &s->set[0], &err), PPDL_OK);
	assert_int_equal(d->classes, 3);
	assert_int_equal(ppdl_study_split(&split, d, fold, 1, &err), PPDL_ERR_FORMAT);
	assert_non_null(strstr(err.message, "class \"z\" is missing"));
	ppdl_study_split_free(&split);
	ppdl_study_data_destroy(d);
	ppdl_study_destroy(s);
}

/* a message about a training row names the line of the file */
static void
test_lines(void **state)
{
	PpdlStudy  *s;
	PpdlStudyData *d;
	PpdlStudySplit split;
	static const int fold[] = {0, 1, 1, 0, 0, 0, 0, 0};

	file("t.csv", "Id,Town,Age,Sick\n1,\"a\nb\",1,no\n2,c,2,yes\n3,d,3,no\n4,d,4,yes\n5,d,5,no\n6,d,6,yes\n7,d,7,no\n"
		 "8,d,1e999,yes\n");
	s = study("{'datasets': [{'file': 't.csv', 'label': 'Sick', 'id': 'Id', 'exclude': ['Age']}]}");
	assert_int_equal(ppdl_study_data_load(&d, &s->set[0], &err), PPDL_OK);
	/* from here on the column counts */
	s->set[0].encode.learn.exclude = NULL;
	assert_int_not_equal(ppdl_study_split(&split, d, fold, 1, &err), PPDL_OK);
	if (strstr(err.message, "t.csv:10:") == NULL)
		fail_msg("%s", err.message);
	ppdl_study_split_free(&split);
	ppdl_study_data_destroy(d);
	ppdl_study_destroy(s);
}

/* ------------------------------------------------------------------ networks, answers */

static void
test_networks(void **state)
{
	static const struct
	{
		const char *network,
				   *label;
		int			layers;
	}			good[] = {
		{"['16']", "4-16-1", 2},
		{"['8-4']", "4-8-4-1", 3},
		{"['linear']", "4-1", 1},
		{"[{'layers': [{'units': 3, 'activation': 'square'}, {'units': 1}]}]", "4-3-1", 2},
		{"[{'name': 'mine', 'inputs': 4, 'layers': [{'units': 1}]}]", "mine", 1},
	};
	PpdlStudy  *s = table_study(table);
	PpdlStudyData *d;
	PpdlNetworkText t;
	json_t	   *list;

	assert_int_equal(ppdl_study_data_load(&d, &s->set[0], &err), PPDL_OK);
	/* Age and Town without its fourth value */
	d->whole->inputs = 4;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
	{
		PpdlNet    *net;

		list = json(good[i].network);
		assert_int_equal(ppdl_networks_check(list, "x", &err), PPDL_OK);
		if (ppdl_network_text(&t, json_array_get(list, 0), d->whole, &err) != PPDL_OK)
			fail_msg("%s: %s", good[i].network, err.message);
		assert_string_equal(t.label, good[i].label);
		assert_int_equal(ppdl_net_parse(&net, t.spec, &err), PPDL_OK);
		assert_int_equal(net->nlayers, good[i].layers);
		assert_int_equal(t.hidden, good[i].layers > 1 ? net->layer[0].units : PPDL_NO_HIDDEN_LAYER);
		ppdl_net_destroy(net);
		ppdl_network_text_free(&t);
		json_decref(list);
	}
	list = json("[{'layers': [{'units': 3}]}]");
	assert_int_equal(ppdl_network_text(&t, json_array_get(list, 0), d->whole, &err), PPDL_ERR_FORMAT);
	assert_non_null(strstr(err.message, "4 inputs and 3 outputs, but rows have 4 and 1"));
	json_decref(list);
	ppdl_study_data_destroy(d);
	ppdl_study_destroy(s);
}

static void
test_numbers(void **state)
{
	double		x[4];

	assert_int_equal(ppdl_array_numbers("{{1,-2.5},{3e2,0}}", x, 4, &err), PPDL_OK);
	assert_true(x[0] == 1 && x[1] == -2.5 && x[2] == 300 && x[3] == 0);
	assert_int_equal(ppdl_array_numbers("{1,2,3}", x, 4, &err), PPDL_ERR_FORMAT);
	assert_int_equal(ppdl_array_numbers("{1,2,3,4,5}", x, 4, &err), PPDL_ERR_FORMAT);
	assert_int_equal(ppdl_array_numbers("{1,NULL}", x, 2, &err), PPDL_ERR_FORMAT);
}

static int
set_up(void **state)
{
	return mkdtemp(directory) == NULL;
}

static int
tear_down(void **state)
{
	char		command[100];

	snprintf(command, sizeof command, "rm -r %s", directory);
	return system(command);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_datasets),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_encode_options),
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_data_changes),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_whitened),
		cmocka_unit_test(test_bad_data),
		cmocka_unit_test(test_bad_labels),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_networks),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
