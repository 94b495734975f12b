"""A module."""\
# pyrelint: ignore-file[RL101]until_com))\
\
\
async def main():\
    c