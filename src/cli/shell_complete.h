/*
 * What Tab offers in the shell: commands, SQL words, and names of tables, columns and functions.
 */
#ifndef PPDL_CLI_SHELL_COMPLETE_H
#define PPDL_CLI_SHELL_COMPLETE_H

#include "cli/database.h"
#include "cli/lineedit.h"

/* names are asked for at the first Tab; db lives on */
void		ppdl_complete_begin(PpdlDb *db);
void		ppdl_complete_end(void);
/* a statement was run: after some the names are asked for anew */
void		ppdl_complete_statement(const char *sql);
/* what stands before the line at hand, of the same statement */
void		ppdl_complete_before(const char *text, size_t len);

/* PpdlChooseOffer */
PpdlOffer	ppdl_complete_choose(const char *line, int start);

#endif
