/* Predictors that a backend keeps with a model. */
#include "pg/model.h"

void
ppdl_predictors_destroy(void *predictors)
{
}
