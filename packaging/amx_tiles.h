/* Included before everything when llama.cpp is built (-include), for processors with AMX.
 *
 * GCC's _tile_loadconfig tells the optimiser that it reads 8 of the 64 bytes of a tile
 * configuration. GCC 12 (Debian 12's compiler) therefore drops the stores of the other 56 in
 * ggml-cpu/amx/mmq.cpp, the tiles have no rows, and the first prompt ends the process with an
 * illegal instruction. Here the instruction is told the truth about what it reads.
 */
#if defined(__GNUC__) && !defined(__clang__) && defined(__AMX_TILE__)
#include <immintrin.h>
#define _tile_loadconfig(config) \
    __asm__ volatile("ldtilecfg\t%0" ::"m"(*(const char(*)[64])(config)))
#endif
