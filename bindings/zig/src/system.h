#include <worldstate.h>
