/*
 * Writing feature files: rows that were encrypted with one cannot be read without it, so none is lost unasked.
 */
#ifndef PPDL_CLI_FEATURE_FILE_H
#define PPDL_CLI_FEATURE_FILE_H

#include "table/features.h"

/*
 * path NULL or "-": standard output.  Where path is a feature file that says the same, but for where it was learned, it
 * stays, and *fs takes its encoding's id: *kept = 1.  Anything else that is there and not empty is an error with a hint
 * unless force.
 */
PpdlStatus	ppdl_feature_file_write(PpdlFeatures *fs, const char *path, int force, int *kept, PpdlError *err);

/* the same file once more, edited or without an id as it may be, with a new id */
PpdlStatus	ppdl_feature_file_renew(PpdlFeatures **out, const char *path, PpdlError *err);

#endif
