class Base:
    def __del__(self):
        pass


class Child(Base):
    def stop(self):
        super().__del__()
        Base.__del__(self)

    def __del__(self):
        self.__del__()  # <- RL109 "`self.__del__`"


child = Child()
child.__del__()  # <- RL109 "`child.__del__`"
