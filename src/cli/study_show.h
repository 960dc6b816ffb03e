/*
 * The results of a study as tables for a terminal: mean and spread over the splits.
 */
#ifndef PPDL_CLI_STUDY_SHOW_H
#define PPDL_CLI_STUDY_SHOW_H

#include <stdio.h>

#include "report/results.h"

PpdlStatus	ppdl_study_show(const PpdlResults *results, FILE *f, PpdlError *err);

#endif
