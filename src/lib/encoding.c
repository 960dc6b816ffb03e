/* Feature files, and the names in them. */
#include "lib/encoding.h"

#include <stdlib.h>
#include <string.h>

#include "rows/encoding.h"
#include "table/features_named.h"

#define INFO_LEAST 56
#define NAME_SIZE 1024			/* of a name that is put together from a column's and a category's */

void
ppdl_encoding_free(ppdl_encoding *encoding)
{
	if (encoding == NULL)
		return;
	ppdl_list_free(&encoding->input);
	ppdl_list_free(&encoding->column);
	ppdl_decoder_destroy(encoding->mean);
	ppdl_decoder_destroy(encoding->sum);
	ppdl_decoder_destroy(encoding->difference);
	ppdl_features_destroy(encoding->fs);
	free(encoding);
}

static PpdlStatus
make_names(ppdl_encoding *encoding, PpdlError *err)
{
	const PpdlFeatures *fs = encoding->fs;
	char		name[NAME_SIZE];

	for (int i = 0; i < fs->inputs; i++)
	{
		ppdl_features_input_name(fs, i, name, sizeof name);
		PPDL_TRY(ppdl_list_append(&encoding->input, name, err));
	}
	/* a column may be several features */
	for (int i = 0; i < fs->count; i++)
		if (fs->feature[i].column != NULL && !ppdl_list_has(&encoding->column, fs->feature[i].column))
			PPDL_TRY(ppdl_list_append(&encoding->column, fs->feature[i].column, err));
	return PPDL_OK;
}

static PpdlStatus
make_decoders(ppdl_encoding *encoding, PpdlError *err)
{
	const PpdlFeatures *fs = encoding->fs;

	PPDL_TRY(ppdl_decoder_create(&encoding->mean, fs, PPDL_SUBJECT_FEATURES, PPDL_MEANING_MEAN, err));
	PPDL_TRY(ppdl_decoder_create(&encoding->sum, fs, PPDL_SUBJECT_FEATURES, PPDL_MEANING_SUM, err));
	PPDL_TRY(ppdl_decoder_create(&encoding->difference, fs, PPDL_SUBJECT_FEATURES, PPDL_MEANING_DIFFERENCE, err));
	PPDL_ASSERT(ppdl_decoder_count(encoding->sum) == ppdl_decoder_count(encoding->mean) &&
				ppdl_decoder_count(encoding->difference) == ppdl_decoder_count(encoding->mean));
	return PPDL_OK;
}

/* of a file, or of its text */
typedef struct Source
{
	const char *path;
	const char *json;
	size_t		len;
	const char *name;
} Source;

static PpdlStatus
read_from(ppdl_encoding **out, const Source *s, PpdlError *err)
{
	ppdl_encoding *encoding = calloc(1, sizeof *encoding);
	PpdlStatus	status;
	PPDL_PLAIN_NUMBERS();

	if (encoding == NULL)
		return ppdl_lib_nomem(err);
	status = s->path != NULL ? ppdl_features_load(&encoding->fs, s->path, err) :
		ppdl_features_parse(&encoding->fs, s->json, s->len, s->name, err);
	if (status == PPDL_OK)
		status = make_names(encoding, err);
	if (status == PPDL_OK)
		status = make_decoders(encoding, err);
	if (status == PPDL_OK)
		*out = encoding;
	else
		ppdl_encoding_free(encoding);
	return status;
}

int32_t
ppdl_encoding_load(ppdl_encoding **out, const char *path, ppdl_err *e)
{
	PpdlError  *err = ppdl_err_begin(e);
	const Source source = {.path = path};

	PPDL_NEED(out, err);
	*out = NULL;
	PPDL_NEED(path, err);
	/* what the tool takes for standard input */
	if (strcmp(path, "-") == 0)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "path is \"-\", no file");
	return read_from(out, &source, err);
}

int32_t
ppdl_encoding_read(ppdl_encoding **out, const char *json, size_t len, const char *name, ppdl_err *e)
{
	PpdlError  *err = ppdl_err_begin(e);
	const Source source = {.json = json, .len = len, .name = name ? name : "feature file"};

	PPDL_NEED(out, err);
	*out = NULL;
	PPDL_NEED(json, err);
	return read_from(out, &source, err);
}

int32_t
ppdl_encoding_find(char *path, size_t size, uint64_t id, const char *const *near, ppdl_err *e)
{
	PpdlError  *err = ppdl_err_begin(e);
	char		name[PPDL_ENCODING_SIZE];
	int			files = 0;

	PPDL_NEED(path, err);
	if (size == 0)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "size is 0");
	path[0] = 0;
	while (near != NULL && near[files] != NULL)
		files++;
	if (id != 0 && ppdl_features_named(path, size, near, files, id))
		return PPDL_OK;
	path[0] = 0;
	ppdl_encoding_print(name, id);
	ppdl_error(err, PPDL_ERR_ARGUMENT, "no feature file of encoding %s lies beside the key or here", name);
	return ppdl_error_hint(err, PPDL_ERR_ARGUMENT, "Say which file the rows were encrypted with.");
}

static int32_t
count_classes(const PpdlFeature *label)
{
	return label != NULL && label->kind != PPDL_FEATURE_NUMERIC ? label->ncategories : 0;
}

int32_t
ppdl_encoding_describe(const ppdl_encoding *encoding, ppdl_encoding_info *info, ppdl_err *e)
{
	PpdlError  *err = ppdl_err_begin(e);
	ppdl_encoding_info mine = {0};
	const PpdlFeatures *fs;

	PPDL_NEED(encoding, err);
	fs = encoding->fs;
	mine.id = fs->encoding;
	mine.inputs = fs->inputs;
	mine.outputs = fs->outputs;
	mine.columns = encoding->column.count;
	mine.classes = count_classes(fs->label);
	mine.averages = ppdl_decoder_count(encoding->mean);
	mine.id_column = fs->id;
	mine.label_column = fs->label != NULL ? fs->label->column : NULL;
	return ppdl_lib_give(info, &mine, sizeof mine, INFO_LEAST, "info", err);
}

/* NULL: there are not so many */
static const char *
name_of(const PpdlList *names, int32_t i)
{
	return i < names->count ? names->item[i] : NULL;
}

static const char *
answer_name(const PpdlDecoder *d, int32_t i)
{
	return i < ppdl_decoder_count(d) ? ppdl_decoder_name(d, i) : NULL;
}

const char *
ppdl_encoding_name(const ppdl_encoding *encoding, int32_t kind, int32_t i)
{
	if (encoding == NULL || i < 0)
		return NULL;
	switch (kind)
	{
		case PPDL_NAME_INPUT:
			return name_of(&encoding->input, i);
		case PPDL_NAME_COLUMN:
			return name_of(&encoding->column, i);
		case PPDL_NAME_CLASS:
			return i < count_classes(encoding->fs->label) ? encoding->fs->label->category[i] : NULL;
		case PPDL_NAME_AVERAGE:
			return answer_name(encoding->mean, i);
		case PPDL_NAME_SUM:
			return answer_name(encoding->sum, i);
		case PPDL_NAME_DIFFERENCE:
			return answer_name(encoding->difference, i);
		default:
			return NULL;
	}
}
