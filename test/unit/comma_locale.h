/* A locale with a decimal comma, made here: machines that test need not have one. */
#ifndef PPDL_TEST_COMMA_LOCALE_H
#define PPDL_TEST_COMMA_LOCALE_H

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* what localedef makes of decimal_point ",", thousands_sep "", grouping -1 */
static const unsigned char comma_numeric[] = {
	0x14, 0x11, 0x03, 0x20, 6, 0, 0, 0, 32, 0, 0, 0, 34, 0, 0, 0, 35, 0, 0, 0, 36, 0, 0, 0, 40, 0, 0, 0, 44, 0, 0, 0,
	',', 0, 0, 0, 0, 0, 0, 0, ',', 0, 0, 0, 0, 0, 0, 0, 'A', 'N', 'S', 'I', '_', 'X', '3', '.', '4', '-', '1', '9',
	'6', '8', 0
};

/* Numbers of the process have decimal commas from here on; 0: that did not work.  Leaves nothing on disk. */
static inline int
comma_locale_begin(void)
{
	char		dir[] = "/tmp/ppdl-locale.XXXXXX",
				place[40],
				file[60];
	FILE	   *f;
	int			done;

	if (mkdtemp(dir) == NULL)
		return 0;
	snprintf(place, sizeof place, "%s/xx_COMMA", dir);
	snprintf(file, sizeof file, "%s/LC_NUMERIC", place);
	f = mkdir(place, 0700) == 0 ? fopen(file, "wb") : NULL;
	done = f != NULL && fwrite(comma_numeric, sizeof comma_numeric, 1, f) == 1;
	done = f != NULL && fclose(f) == 0 && done && setenv("LOCPATH", dir, 1) == 0 &&
		setlocale(LC_NUMERIC, "xx_COMMA") != NULL && localeconv()->decimal_point[0] == ',';
	unsetenv("LOCPATH");
	unlink(file);
	rmdir(place);
	rmdir(dir);
	return done;
}

static inline void
comma_locale_end(void)
{
	setlocale(LC_NUMERIC, "C");
}

#endif
