#include "cli/feature_file.h"

#include <string.h>
#include <sys/stat.h>

#include "cli/outfile.h"

static PpdlStatus
write_text(const PpdlFeatures *fs, const char *path, PpdlError *err)
{
	PpdlWriter	w;
	PpdlStatus	status;

	ppdl_writer_init(&w);
	status = ppdl_features_write(fs, &w, err);
	if (status == PPDL_OK)
		status = ppdl_out_text(path, 0666, &w, err);
	ppdl_writer_free(&w);
	return status;
}

/* does fs, called and counted like `old`, have the same text? */
static PpdlStatus
compare(const PpdlFeatures *fs, const PpdlFeatures *old, int *same, PpdlError *err)
{
	PpdlFeatures like = *fs;
	PpdlWriter	a,
				b;
	PpdlStatus	status;

	like.encoding = old->encoding;
	like.source = old->source;
	like.rows = old->rows;
	ppdl_writer_init(&a);
	ppdl_writer_init(&b);
	status = ppdl_features_write(&like, &a, err);
	if (status == PPDL_OK)
		status = ppdl_features_write(old, &b, err);
	*same = status == PPDL_OK && a.len == b.len && memcmp(a.buf, b.buf, a.len) == 0;
	ppdl_writer_free(&a);
	ppdl_writer_free(&b);
	return status;
}

static PpdlStatus
in_the_way(const char *path, const PpdlFeatures *old, PpdlError *err)
{
	ppdl_error(err, PPDL_ERR_ARGUMENT, old ? "\"%s\" is another encoding already" : "\"%s\" exists", path);
	if (old)
		ppdl_error_detail(err, PPDL_ERR_ARGUMENT, "Rows that were encrypted with it could no longer be read with "
						  "their meaning.");
	return ppdl_error_hint(err, PPDL_ERR_ARGUMENT, "Give another name with -o, or --force to lose the file that is "
						   "there.");
}

static int
is_empty(const char *path)
{
	struct stat st;

	return stat(path, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size == 0;
}

/* a file that is there: the same encoding, or in the way */
static PpdlStatus
meet(PpdlFeatures *fs, const char *path, int *kept, PpdlError *err)
{
	PpdlFeatures *old;
	PpdlStatus	status;

	/* what cannot be read as a feature file, an edited one too, is another file */
	if (ppdl_features_load(&old, path, NULL) != PPDL_OK)
		return in_the_way(path, NULL, err);
	status = compare(fs, old, kept, err);
	if (*kept)
		fs->encoding = old->encoding;
	else if (status == PPDL_OK)
		status = in_the_way(path, old, err);
	ppdl_features_destroy(old);
	return status;
}

PpdlStatus
ppdl_feature_file_write(PpdlFeatures *fs, const char *path, int force, int *kept, PpdlError *err)
{
	*kept = 0;
	if (path != NULL && strcmp(path, "-") != 0 && !force && !is_empty(path))
		PPDL_TRY(meet(fs, path, kept, err));
	return *kept ? PPDL_OK : write_text(fs, path, err);
}

PpdlStatus
ppdl_feature_file_renew(PpdlFeatures **out, const char *path, PpdlError *err)
{
	PpdlStatus	status;

	PPDL_TRY(ppdl_features_load_renewed(out, path, err));
	status = write_text(*out, path, err);
	if (status == PPDL_OK)
		return PPDL_OK;
	ppdl_features_destroy(*out);
	*out = NULL;
	return status;
}
