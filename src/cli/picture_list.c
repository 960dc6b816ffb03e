#include "cli/picture_list.h"

#include <errno.h>
#include <fts.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "cli/cli.h"
#include "table/csv.h"
#include "image/decode.h"

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory for the list of pictures");
}

__attribute__((format(printf, 1, 2)))
static char *
text(const char *fmt,...)
{
	char	   *s;
	va_list		ap;
	int			n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	return n < 0 ? NULL : s;
}

/* takes all of the item's texts, which may be NULL from a lack of memory where they should not be */
static PpdlStatus
add(PpdlPictureList *list, PpdlPicture item, int complete, PpdlError *err)
{
	if (list->count == list->cap && complete)
	{
		size_t		cap = list->cap ? 2 * list->cap : 64;
		PpdlPicture *more = realloc(list->item, cap * sizeof *more);

		if (more)
		{
			list->item = more;
			list->cap = cap;
		}
	}
	if (!complete || list->count == list->cap)
	{
		free(item.id);
		free(item.path);
		free(item.label);
		free(item.bad);
		return no_memory(err);
	}
	list->item[list->count++] = item;
	return PPDL_OK;
}

static int
by_id(const void *a, const void *b)
{
	const PpdlPicture *p = a,
			   *q = b;
	int			c = strcmp(p->id, q->id);

	return c ? c : (p->line > q->line) - (p->line < q->line);
}

static void
sort(PpdlPictureList *list)
{
	if (list->count > 0)
		qsort(list->item, list->count, sizeof *list->item, by_id);
}

/* pictures of other formats are not passed over: reading them says what they are */
static int
is_picture_name(const char *name)
{
	static const char *const others[] = {
		".dcm", ".dicom", ".tif", ".tiff", ".bmp", ".gif", ".webp", ".jp2", ".pbm", ".pam"
	};
	const char *dot = strrchr(name, '.');

	if (ppdl_image_format_of_name(name) != PPDL_IMAGE_UNKNOWN)
		return 1;
	for (size_t i = 0; dot && i < sizeof others / sizeof *others; i++)
		if (strcasecmp(dot, others[i]) == 0)
			return 1;
	return 0;
}

static PpdlStatus
add_file(PpdlPictureList *list, const char *path, const char *id, const PpdlPictureOptions *opt, PpdlError *err)
{
	PpdlPicture item = {.id = strdup(id), .path = strdup(path)};
	const char *slash = strrchr(id, '/');
	int			complete = item.id && item.path;

	list->folders |= slash != NULL;
	if (!ppdl_utf8_valid(id, strlen(id)))
	{
		item.bad = text("its name is not UTF-8");
		complete &= item.bad != NULL;
	}
	else if (opt->folder_labels && slash == NULL)
	{
		item.bad = text("has no label: it lies in no folder that could be one");
		complete &= item.bad != NULL;
	}
	else if (opt->folder_labels)
	{
		const char *name = slash;

		while (name > id && name[-1] != '/')
			name--;
		item.label = strndup(name, (size_t) (slash - name));
		complete &= item.label != NULL;
	}
	return add(list, item, complete, err);
}

static PpdlStatus
add_unreadable(PpdlPictureList *list, const char *id, const char *why, PpdlError *err)
{
	PpdlPicture item = {.id = strdup(id), .bad = strdup(why)};

	return add(list, item, item.id && item.bad, err);
}

static PpdlStatus
visit(PpdlPictureList *list, FTS *tree, FTSENT *e, const char *id, const PpdlPictureOptions *opt, PpdlError *err)
{
	int			hidden = e->fts_level > 0 && e->fts_name[0] == '.';

	switch (e->fts_info)
	{
		case FTS_D:
			if (hidden)
				fts_set(tree, e, FTS_SKIP);
			return PPDL_OK;
		case FTS_DP:
			return PPDL_OK;
		case FTS_F:
		case FTS_DEFAULT:
			if (hidden)
				return PPDL_OK;
			if (is_picture_name(e->fts_name))
				return add_file(list, e->fts_path, id, opt, err);
			if (list->ignored++ == 0 && (list->first_ignored = strdup(id)) == NULL)
				return no_memory(err);
			return PPDL_OK;
		case FTS_DC:
			return add_unreadable(list, id, "is a link to a folder that it lies in", err);
		case FTS_SL:
		case FTS_SLNONE:
			return is_picture_name(e->fts_name) ? add_unreadable(list, id, "is a link to nothing", err) : PPDL_OK;
		default:
			if (e->fts_level == 0)
			{
				errno = e->fts_errno;
				return ppdl_os_error(err, "open", e->fts_path);
			}
			return add_unreadable(list, id, strerror(e->fts_errno), err);
	}
}

static PpdlStatus
walk(PpdlPictureList *list, const char *dir, const PpdlPictureOptions *opt, PpdlError *err)
{
	char	   *roots[] = {(char *) dir, NULL};
	FTS		   *tree = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, NULL);
	FTSENT	   *e;
	PpdlStatus	status = PPDL_OK;

	if (tree == NULL)
		return ppdl_os_error(err, "open", dir);
	while (status == PPDL_OK && (errno = 0, e = fts_read(tree)) != NULL)
	{
		const char *id = e->fts_path + strlen(dir);

		while (*id == '/')
			id++;
		status = visit(list, tree, e, id, opt, err);
	}
	if (status == PPDL_OK && errno != 0)
		status = ppdl_os_error(err, "read", dir);
	fts_close(tree);
	return status;
}

/* what a file of the list is called from here: names are relative to the list's folder */
static char *
path_beside(const char *csv, const char *file)
{
	const char *slash = strrchr(csv, '/');

	if (file[0] == '/' || slash == NULL)
		return strdup(file);
	return text("%.*s/%s", (int) (slash - csv), csv, file);
}

/* one item a record; label_column -1: there is none */
static PpdlStatus
read_records(PpdlPictureList *list, PpdlCsv *csv, int label_column, PpdlError *err)
{
	PpdlCsvRow	row;
	int			file_column,
				more;

	PPDL_TRY(ppdl_csv_find(csv, "file", &file_column, err));
	while (1)
	{
		PpdlPicture item = {0};
		const char *file;
		int			complete;

		PPDL_TRY(ppdl_csv_next(csv, &row, &more, err));
		if (!more)
			return PPDL_OK;
		file = row.field[file_column];
		if (file[0] == 0)
			return ppdl_error(err, PPDL_ERR_FORMAT, "%s:%ld: no file is named", ppdl_csv_name(csv), row.line);
		item.id = strdup(file);
		item.path = path_beside(ppdl_csv_name(csv), file);
		item.line = row.line;
		complete = item.id && item.path;
		if (label_column >= 0 && row.field[label_column][0])
		{
			item.label = strdup(row.field[label_column]);
			complete &= item.label != NULL;
		}
		else if (label_column >= 0)
		{
			item.bad = text("has no label in %s:%ld", ppdl_csv_name(csv), row.line);
			complete &= item.bad != NULL;
		}
		PPDL_TRY(add(list, item, complete, err));
	}
}

static int
find_column(const PpdlCsv *csv, const char *name)
{
	for (int i = 0; i < ppdl_csv_columns(csv); i++)
		if (strcmp(ppdl_csv_column(csv, i), name) == 0)
			return i;
	return -1;
}

/* reads a list or labels, sorted; no file may be named twice */
static PpdlStatus
read_csv(PpdlPictureList *list, const char *path, char delimiter, int need_labels, PpdlError *err)
{
	PpdlCsvOptions opt = {.name = path, .delimiter = delimiter};
	FILE	   *f = fopen(path, "r");
	PpdlCsv    *csv;
	PpdlStatus	status;
	int			label;

	if (f == NULL)
		return ppdl_os_error(err, "open", path);
	status = ppdl_csv_open(&csv, f, &opt, err);
	if (status == PPDL_OK)
	{
		label = find_column(csv, "label");
		if (need_labels && label < 0)
			status = ppdl_csv_find(csv, "label", &label, err);
		if (status == PPDL_OK)
			status = read_records(list, csv, label, err);
		list->labelled = label >= 0;
		ppdl_csv_close(csv);
	}
	fclose(f);
	PPDL_TRY(status);
	sort(list);
	for (size_t i = 1; i < list->count; i++)
		if (strcmp(list->item[i - 1].id, list->item[i].id) == 0)
			return ppdl_error(err, PPDL_ERR_FORMAT, "%s:%ld: \"%s\" was named before, in line %ld", path,
							  list->item[i].line, list->item[i].id, list->item[i - 1].line);
	return PPDL_OK;
}

/* both lists are sorted; labels that are left over become bad items of list */
static PpdlStatus
join_labels(PpdlPictureList *list, PpdlPictureList *labels, const char *dir, const char *csv, PpdlError *err)
{
	size_t		pictures = list->count,
				i = 0,
				j = 0;

	while (i < pictures || j < labels->count)
	{
		int			c = i == pictures ? 1 : j == labels->count ? -1 : strcmp(list->item[i].id, labels->item[j].id);

		if (c == 0)
		{
			list->item[i].label = labels->item[j].label;
			labels->item[j].label = NULL;
			if (list->item[i].bad == NULL)
			{
				list->item[i].bad = labels->item[j].bad;
				labels->item[j].bad = NULL;
			}
			i++;
			j++;
		}
		else if (c < 0)
		{
			if (list->item[i].bad == NULL)
				list->item[i].bad = text("has no label: %s does not name it", csv);
			if (list->item[i].bad == NULL)
				return no_memory(err);
			i++;
		}
		else
		{
			PpdlPicture item = {.id = strdup(labels->item[j].id), .line = labels->item[j].line};

			item.bad = text("has a label in %s:%ld, but is not in \"%s\"", csv, item.line, dir);
			PPDL_TRY(add(list, item, item.id && item.bad, err));
			j++;
		}
	}
	sort(list);
	return PPDL_OK;
}

static PpdlStatus
find_in_folder(PpdlPictureList *list, const char *dir, const PpdlPictureOptions *opt, PpdlError *err)
{
	PpdlPictureList labels = {0};
	PpdlStatus	status;

	PPDL_TRY(walk(list, dir, opt, err));
	if (list->count == 0)
	{
		ppdl_error(err, PPDL_ERR_FORMAT, "there are no pictures in \"%s\"", dir);
		return ppdl_error_hint(err, PPDL_ERR_FORMAT,
							   "Names end in .png, .jpg, .jpeg, .pgm, .ppm or .pnm; %ld other files are there.",
							   list->ignored);
	}
	sort(list);
	list->labelled = opt->folder_labels || opt->labels;
	if (opt->labels == NULL)
		return PPDL_OK;
	status = read_csv(&labels, opt->labels, opt->delimiter, 1, err);
	if (status == PPDL_OK)
		status = join_labels(list, &labels, dir, opt->labels, err);
	ppdl_pictures_free(&labels);
	return status;
}

PpdlStatus
ppdl_pictures_find(PpdlPictureList *list, const char *from, const PpdlPictureOptions *opt, PpdlError *err)
{
	struct stat st;

	memset(list, 0, sizeof *list);
	if (stat(from, &st) != 0)
		return ppdl_os_error(err, "open", from);
	if (S_ISDIR(st.st_mode))
		return find_in_folder(list, from, opt, err);
	if (is_picture_name(from))
	{
		ppdl_error(err, PPDL_ERR_ARGUMENT, "\"%s\" is a picture: a folder of pictures or a list is expected", from);
		return ppdl_error_hint(err, PPDL_ERR_ARGUMENT,
							   "A list is CSV with a column \"file\" and, if known, \"label\".");
	}
	if (opt->labels || opt->folder_labels)
	{
		ppdl_error(err, PPDL_ERR_ARGUMENT, "\"%s\" is a list: its labels are in its own column \"label\"", from);
		return ppdl_error_hint(err, PPDL_ERR_ARGUMENT, "--labels and --folder-labels are for folders of pictures.");
	}
	PPDL_TRY(read_csv(list, from, opt->delimiter, 0, err));
	if (list->count == 0)
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s: no pictures are named", from);
	return PPDL_OK;
}

void
ppdl_pictures_free(PpdlPictureList *list)
{
	for (size_t i = 0; i < list->count; i++)
	{
		free(list->item[i].id);
		free(list->item[i].path);
		free(list->item[i].label);
		free(list->item[i].bad);
	}
	free(list->item);
	free(list->first_ignored);
	memset(list, 0, sizeof *list);
}
