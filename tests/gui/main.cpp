// One QApplication for all window tests, without a display and away from the user's settings.
#include <gmock/gmock.h>

#include <QApplication>
#include <QSettings>
#include <QTemporaryDir>

int main(int argc, char** argv) {
  if (qEnvironmentVariableIsEmpty("QT_QPA_PLATFORM")) qputenv("QT_QPA_PLATFORM", "offscreen");
  QTemporaryDir home;
  if (!home.isValid()) return 1;
  // Of this process alone: tests run side by side, and unsaved plans are found in a shared folder.
  for (const char* place : {"XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"})
    qputenv(place, home.path().toUtf8());
  QSettings::setPath(QSettings::NativeFormat, QSettings::UserScope, home.path());
  QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, home.path());
  QApplication app(argc, argv);
  QCoreApplication::setOrganizationName("MoEscope");
  QCoreApplication::setApplicationName("MoEscope");
  testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
