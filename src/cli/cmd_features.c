/*
 * ppdl features: turns pictures into rows of a CSV file.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/args.h"
#include "cli/cli.h"
#include "table/csv.h"
#include "table/infile.h"
#include "cli/outfile.h"
#include "cli/picture_list.h"
#include "cli/progress.h"
#include "image/decode.h"
#include "image/descriptor.h"
#include "image/near_copies.h"
#include "image/stretch.h"

#define MAX_FILE (1L << 28)

static const char doc[] =
"Turn pictures (PNG, JPEG, PGM, PPM) into rows of a CSV file, one a picture.\v"
"FROM is a folder, whose pictures are found in all folders below it, or a CSV file with a column \"file\" (names "
"relative to that file) and, if there are labels, \"label\". Rows are sorted by file name.\n\n"
"The kinds: features, 64 numbers that describe grey levels and texture (doc/images.md says which); pixels8, "
"pixels16 and pixels32, that many pixels squared of the square in the middle, 0 to 255 after a contrast stretch. "
"Colours become grey. Scans in DICOM files have to be exported first.\n\n"
"Every picture that cannot be used is named; without --skip-bad nothing is written then.\n\n"
"Example, pictures in scans/healthy and scans/osteoporosis:\n\n"
"  ppdl features scans --folder-labels -o scans.csv\n"
"  ppdl encode scans.csv --id id --label label -o features.json";

enum
{
	OPT_KIND = 256, OPT_LABELS, OPT_FOLDERS, OPT_SKIP, OPT_BACKGROUND, OPT_GROUP, OPT_DELIMITER
};

static const struct argp_option options[] = {
	{"kind", OPT_KIND, "KIND", 0, "features (default), pixels8, pixels16 or pixels32", 1},
	{"labels", OPT_LABELS, "CSV", 0, "labels of the pictures of a folder: columns \"file\" and \"label\"", 2},
	{"folder-labels", OPT_FOLDERS, 0, 0, "the label is the name of the folder that holds the picture", 2},
	{"group-near-copies", OPT_GROUP, 0, 0,
	 "add a column \"group\": pictures that are nearly the same, mirrored ones included, have the same number", 3},
	{"background", OPT_BACKGROUND, "COLOUR", 0,
	 "what shows through transparent pixels: black or white; without it they are an error", 3},
	{"skip-bad", OPT_SKIP, 0, 0, "leave out pictures that cannot be used, and labels without a picture", 3},
	{"delimiter", OPT_DELIMITER, "C", 0, "what separates fields of CSV that is read (comma, or what the "
	 "first line has in its place)", 4},
	{"output", 'o', "FILE", 0, "where to write (standard output)", 5},
	{0}
};

static const char *const kinds[] = {"features", "pixels8", "pixels16", "pixels32", NULL};
static const int sides[] = {0, 8, 16, 32};

#define MAX_PIXELS (32 * 32)

typedef struct Args
{
	const char *from,
			   *output;
	PpdlPictureOptions list;
	PpdlBackground background;
	int			kind,			/* index into kinds */
				skip_bad,
				group;
} Args;

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	static const char *const backgrounds[] = {"black", "white", NULL};
	Args	   *a = state->input;

	switch (key)
	{
		case OPT_KIND:
			a->kind = ppdl_arg_choice(state, "--kind", arg, kinds);
			return 0;
		case OPT_LABELS:
			a->list.labels = arg;
			return 0;
		case OPT_FOLDERS:
			a->list.folder_labels = 1;
			return 0;
		case OPT_GROUP:
			a->group = 1;
			return 0;
		case OPT_BACKGROUND:
			a->background = PPDL_BACKGROUND_BLACK + ppdl_arg_choice(state, "--background", arg, backgrounds);
			return 0;
		case OPT_SKIP:
			a->skip_bad = 1;
			return 0;
		case OPT_DELIMITER:
			a->list.delimiter = ppdl_arg_delimiter(state, arg);
			return 0;
		case 'o':
			a->output = arg;
			return 0;
		case ARGP_KEY_ARG:
			if (a->from)
				argp_error(state, "one folder or list is expected, not also \"%s\"", arg);
			a->from = arg;
			return 0;
		case ARGP_KEY_END:
			if (a->from == NULL)
				argp_error(state, "which folder or list of pictures?");
			if (a->list.labels && a->list.folder_labels)
				argp_error(state, "--labels and --folder-labels exclude each other");
			return 0;
		default:
			return ARGP_ERR_UNKNOWN;
	}
}

/* what is known of the pictures that were read */
typedef struct Rows
{
	PpdlWriter	values;			/* ",1,2,3\n" of each, and a NUL that ends it */
	size_t	   *at;				/* where its values begin; by index in the list; those of bad ones mean nothing */
	PpdlThumbnail *thumbnail;	/* of those that are not bad, in order; NULL without --group-near-copies */
	int		   *group;
	int			count,
				bad;
	int			smallest,		/* sides of the squares that features are taken from */
				largest;
} Rows;

static PpdlStatus
open_picture(PpdlImage *im, const PpdlPicture *p, PpdlBackground background, PpdlError *err)
{
	PpdlWriter	bytes;
	struct stat st;
	PpdlStatus	status;
	PpdlImageFormat named = ppdl_image_format_of_name(p->path);

	if (stat(p->path, &st) != 0)
		return ppdl_os_error(err, "open", p->path);
	if (!S_ISREG(st.st_mode))
		return ppdl_error(err, PPDL_ERR_FORMAT, "is no file");
	if (st.st_size > MAX_FILE)
		return ppdl_error(err, PPDL_ERR_FORMAT, "has %lld MiB, more than the %ld that are read",
						  (long long) st.st_size >> 20, MAX_FILE >> 20);
	ppdl_writer_init_secret(&bytes);
	status = ppdl_read_whole(p->path, &bytes, err);
	if (status == PPDL_OK)
		status = ppdl_image_decode(im, bytes.buf, bytes.len, background, err);
	if (status == PPDL_OK && named != PPDL_IMAGE_UNKNOWN && named != ppdl_image_format(bytes.buf, bytes.len))
		ppdl_note("%s: a %s file by its contents, and read as one", p->id,
				  ppdl_image_format_name(ppdl_image_format(bytes.buf, bytes.len)));
	ppdl_writer_free(&bytes);
	return status;
}

static void
put_numbers(PpdlWriter *w, const double *v, int n)
{
	char		number[32];

	for (int i = 0; i < n; i++)
		ppdl_write_bytes(w, number, (size_t) snprintf(number, sizeof number, ",%.6g", v[i]));
	ppdl_write_bytes(w, "\n", 2);
}

static PpdlStatus
describe(Rows *rows, const PpdlImage *im, int kind, PpdlError *err)
{
	double		value[MAX_PIXELS];
	uint8_t		pixel[MAX_PIXELS];
	int			side = im->width < im->height ? im->width : im->height;

	if (rows->thumbnail)
		PPDL_TRY(ppdl_image_pixels(rows->thumbnail[rows->count].pixel, im, PPDL_THUMBNAIL_SIDE, err));
	if (kind == 0)
	{
		PPDL_TRY(ppdl_descriptor(value, im, err));
		if (side > PPDL_DESCRIPTOR_MAX_SIDE)
			side = PPDL_DESCRIPTOR_MAX_SIDE;
		rows->smallest = rows->count == 0 || side < rows->smallest ? side : rows->smallest;
		rows->largest = side > rows->largest ? side : rows->largest;
		put_numbers(&rows->values, value, PPDL_DESCRIPTOR_SIZE);
		return PPDL_OK;
	}
	PPDL_TRY(ppdl_image_pixels(pixel, im, sides[kind], err));
	for (int i = 0; i < sides[kind] * sides[kind]; i++)
		value[i] = pixel[i];
	put_numbers(&rows->values, value, sides[kind] * sides[kind]);
	return PPDL_OK;
}

static void
complain(const PpdlPicture *p, const PpdlError *err)
{
	if (strstr(err->message, p->path))
		ppdl_note("%s", err->message);
	else
		ppdl_note("%s: %s", p->id, err->message);
	if (err->detail[0])
		fprintf(stderr, "detail: %s\n", err->detail);
	if (err->hint[0])
		fprintf(stderr, "hint: %s\n", err->hint);
}

/* no memory is an error; anything else is said of the picture, which becomes a bad one */
static PpdlStatus
read_picture(Rows *rows, PpdlPicture *p, const Args *a, PpdlError *err)
{
	PpdlImage	im = {0};
	PpdlError	why = {0};
	PpdlStatus	status = open_picture(&im, p, a->background, &why);

	if (status == PPDL_OK)
		status = describe(rows, &im, a->kind, &why);
	ppdl_image_free(&im);
	if (rows->values.bad)
		status = ppdl_error(&why, PPDL_ERR_NOMEM, "out of memory");
	if (status == PPDL_ERR_NOMEM)
	{
		*err = why;
		return ppdl_name_file(p->id, status, err);
	}
	if (status == PPDL_OK)
	{
		rows->count++;
		return PPDL_OK;
	}
	complain(p, &why);
	p->bad = strdup(why.message);
	rows->bad++;
	return p->bad ? PPDL_OK : ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

static PpdlStatus
read_all(Rows *rows, PpdlPictureList *list, const Args *a, PpdlError *err)
{
	size_t		n = list->count;

	rows->at = calloc(n, sizeof *rows->at);
	rows->thumbnail = a->group ? calloc(n, sizeof *rows->thumbnail) : NULL;
	rows->group = a->group ? calloc(n, sizeof *rows->group) : NULL;
	if (rows->at == NULL || (a->group && (rows->thumbnail == NULL || rows->group == NULL)))
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory for %zu pictures", n);
	for (size_t i = 0; i < n; i++)
	{
		ppdl_progress(NULL, i, n, "reading");
		rows->at[i] = rows->values.len;
		if (list->item[i].bad)
		{
			ppdl_note("%s: %s", list->item[i].id, list->item[i].bad);
			rows->bad++;
		}
		else
			PPDL_TRY(read_picture(rows, &list->item[i], a, err));
	}
	if (a->group)
		PPDL_TRY(ppdl_near_copies(rows->group, rows->thumbnail, rows->count, ppdl_progress, err));
	ppdl_progress_clear();
	return PPDL_OK;
}

static PpdlStatus
check_bad(const Rows *rows, const PpdlPictureList *list, const Args *a, PpdlError *err)
{
	if (rows->bad > 0 && !a->skip_bad)
	{
		ppdl_error(err, PPDL_ERR_FORMAT, "%d of %zu pictures and labels cannot be used; nothing was written", rows->bad,
				   list->count);
		return ppdl_error_hint(err, PPDL_ERR_FORMAT, "--skip-bad leaves them out.");
	}
	if (rows->count == 0)
		return ppdl_error(err, PPDL_ERR_FORMAT, "no picture of \"%s\" can be used", a->from);
	return PPDL_OK;
}

static void
put_header(FILE *f, const PpdlPictureList *list, const Args *a)
{
	fputs(list->labelled ? "id,label" : "id", f);
	if (a->group)
		fputs(",group", f);
	if (a->kind == 0)
		for (int i = 0; i < PPDL_DESCRIPTOR_SIZE; i++)
			fprintf(f, ",%s", ppdl_descriptor_name(i));
	else
		for (int i = 0; i < sides[a->kind] * sides[a->kind]; i++)
			fprintf(f, ",p%d_%d", i / sides[a->kind], i % sides[a->kind]);
	fputc('\n', f);
}

static PpdlStatus
put_rows(FILE *f, const Rows *rows, const PpdlPictureList *list, PpdlError *err)
{
	int			n = 0;

	for (size_t i = 0; i < list->count; i++)
	{
		const PpdlPicture *p = &list->item[i];
		PpdlWriter	w;

		if (p->bad)
			continue;
		ppdl_writer_init(&w);
		ppdl_csv_put(&w, p->id, strlen(p->id));
		if (list->labelled)
		{
			ppdl_write_u8(&w, ',');
			ppdl_csv_put(&w, p->label, strlen(p->label));
		}
		if (w.bad)
		{
			ppdl_writer_free(&w);
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		}
		fwrite(w.buf, 1, w.len, f);
		ppdl_writer_free(&w);
		if (rows->group)
			fprintf(f, ",%d", rows->group[n]);
		fputs((const char *) rows->values.buf + rows->at[i], f);
		n++;
	}
	return PPDL_OK;
}

static PpdlStatus
write_all(const Rows *rows, const PpdlPictureList *list, const Args *a, PpdlError *err)
{
	PpdlOutFile out;
	PpdlStatus	status;

	PPDL_TRY(ppdl_out_open(&out, a->output, 0600, err));
	put_header(out.f, list, a);
	status = put_rows(out.f, rows, list, err);
	if (status == PPDL_OK)
		return ppdl_out_commit(&out, err);
	ppdl_out_abort(&out);
	return status;
}

/* near-copies that are labelled differently cannot both be right; one pair is named */
static void
compare_labels(const Rows *rows, const PpdlPictureList *list)
{
	const PpdlPicture **first = calloc((size_t) rows->count + 1, sizeof *first);
	const PpdlPicture *one = NULL,
			   *other = NULL;
	long		differ = 0;
	int			n = 0;

	for (size_t i = 0; first && i < list->count; i++)
	{
		const PpdlPicture *p = &list->item[i];
		const PpdlPicture **of_group;

		if (p->bad)
			continue;
		of_group = &first[rows->group[n++]];
		if (*of_group == NULL)
			*of_group = p;
		else if (strcmp((*of_group)->label, p->label) != 0 && differ++ == 0)
		{
			one = *of_group;
			other = p;
		}
	}
	if (differ)
		ppdl_note("%ld pictures have another label than a near-copy: \"%s\" is %s, and \"%s\" is %s", differ, one->id,
				  one->label, other->id, other->label);
	free(first);
}

/* to people, on the channel that rows do not take */
static void
summarise(const Rows *rows, const PpdlPictureList *list, const Args *a)
{
	int			to_stdout = a->output == NULL || strcmp(a->output, "-") == 0;
	FILE	   *human = to_stdout ? stderr : stdout;

	fprintf(human, "pictures: %d\n", rows->count);
	if (rows->group)
	{
		int			groups = 0;

		for (int i = 0; i < rows->count; i++)
			groups = rows->group[i] > groups ? rows->group[i] : groups;
		fprintf(human, "groups:   %d\n", groups);
		if (list->labelled)
			compare_labels(rows, list);
	}
	if (rows->bad)
		fprintf(human, "left out: %d\n", rows->bad);
	if (list->ignored)
		ppdl_note("%ld other files are passed over, \"%s\" is one", list->ignored, list->first_ignored);
	if (!list->labelled && list->folders)
		ppdl_note("there are no labels; --folder-labels takes them from the names of folders");
	if (rows->smallest < rows->largest)
		ppdl_note("some pictures have fewer than %d pixels a side, %d at least: features of texture depend on that",
				  PPDL_DESCRIPTOR_MAX_SIDE, rows->smallest);
}

static PpdlStatus
features(const Args *a, PpdlError *err)
{
	PpdlPictureList list;
	Rows		rows = {0};
	PpdlStatus	status = ppdl_pictures_find(&list, a->from, &a->list, err);

	ppdl_writer_init_secret(&rows.values);
	if (status == PPDL_OK)
		status = read_all(&rows, &list, a, err);
	if (status == PPDL_OK)
		status = check_bad(&rows, &list, a, err);
	if (status == PPDL_OK)
		status = write_all(&rows, &list, a, err);
	if (status == PPDL_OK)
		summarise(&rows, &list, a);
	ppdl_writer_free(&rows.values);
	free(rows.at);
	free(rows.thumbnail);
	free(rows.group);
	ppdl_pictures_free(&list);
	return status;
}

int
ppdl_cmd_features(int argc, char **argv)
{
	static const struct argp argp = {options, parse, "FROM", doc};
	Args		a = {0};
	PpdlError	err = {0};

	argp_parse(&argp, argc, argv, 0, NULL, &a);
	return features(&a, &err) == PPDL_OK ? PPDL_EXIT_OK : ppdl_fail(&err);
}
