/*
 * The pictures that `ppdl features` reads, and their labels: a folder, or a CSV file with a column "file".
 */
#ifndef PPDL_CLI_PICTURE_LIST_H
#define PPDL_CLI_PICTURE_LIST_H

#include <stddef.h>

#include "base/error.h"

typedef struct PpdlPicture
{
	char	   *id;				/* path below the folder, or as the list has it; never NULL */
	char	   *path;			/* to open; NULL when there is none */
	char	   *label;			/* NULL: none */
	char	   *bad;			/* why it cannot be used, or NULL */
	long		line;			/* of the list or of the labels, or 0 */
} PpdlPicture;

typedef struct PpdlPictureList
{
	PpdlPicture *item;			/* in the order of the bytes of their ids */
	size_t		count,
				cap;
	int			labelled;		/* every picture that is not bad has a label */
	int			folders;		/* some pictures of the folder are in folders of their own */
	long		ignored;		/* other files in the folder */
	char	   *first_ignored;	/* one of them, or NULL */
} PpdlPictureList;

typedef struct PpdlPictureOptions
{
	const char *labels;			/* CSV with columns "file" and "label", for a folder; or NULL */
	int			folder_labels;	/* labels are the names of the folders that hold the pictures */
	char		delimiter;		/* of CSV; 0: comma */
} PpdlPictureOptions;

/*
 * Pictures that cannot be read, or have no label although labels were asked for, and labels without a picture are items
 * with `bad` set.  Errors are for the folder and the CSV files themselves.  The caller frees the list in any case.
 */
PpdlStatus	ppdl_pictures_find(PpdlPictureList *list, const char *from, const PpdlPictureOptions *opt, PpdlError *err);
void		ppdl_pictures_free(PpdlPictureList *list);

#endif
